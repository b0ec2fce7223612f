# Completion of tmux's mcp commands for bash: source it from ~/.bashrc.
#
# What servers there are and what they have is asked of the running tmux
# server, which answers from what it knows or asks the MCP server for at most
# two seconds. Other commands of tmux are left to the completion there was.

_tmux_mcp_previous=$(complete -p tmux 2>/dev/null |
    sed -n 's/.* -F \([^ ]*\) .*/\1/p')

_tmux_mcp_words() {
	"${COMP_WORDS[0]}" mcp-complete -T 2000 "$@" 2>/dev/null
}

_tmux_mcp_reply() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		[[ $line == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
	done
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] &&
	    compopt -o nospace
}

_tmux_mcp() {
	local cur=${COMP_WORDS[COMP_CWORD]} command= i word
	local -a plain=()

	# Flags that take a value are followed by one.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -z $command ]]; then
			case $word in
			-[LSfc]) ((i++)) ;;
			-*) ;;
			*) command=$word ;;
			esac
			continue
		fi
		case $word in
		-*[ioqstTrf]) ((i++)) ;;
		-*F)
			case $command in
			mcp-answer|mcp-call|mcp-prompt|mcp-query) ;;
			*) ((i++)) ;;
			esac
			;;
		-*) ;;
		*) plain+=("$word") ;;
		esac
	done

	if [[ $command != mcp-* ]]; then
		if [[ -z $command && $cur == mcp* ]]; then
			_tmux_mcp_reply < <(compgen -W "mcp-again mcp-answer
			    mcp-call mcp-cancel mcp-complete mcp-history
			    mcp-jobs mcp-log mcp-menu
			    mcp-prompt mcp-prompts mcp-read mcp-reload
			    mcp-resources mcp-stats mcp-subscribe mcp-tools")
		elif [[ -n $_tmux_mcp_previous ]]; then
			"$_tmux_mcp_previous" "$@"
		fi
		return
	fi
	case ${COMP_WORDS[COMP_CWORD-1]} in
	-o)
		_tmux_mcp_reply < <(compgen -W "stdout view popup buffer pane
		    message window none")
		return
		;;
	esac
	case $command:${#plain[@]} in
	mcp-call:0|mcp-menu:0|mcp-tools:0|mcp-resources:0|mcp-prompts:0|\
	mcp-read:0|mcp-prompt:0|mcp-subscribe:0|mcp-stats:0)
		_tmux_mcp_reply < <(_tmux_mcp_words servers)
		;;
	mcp-call:1|mcp-menu:1)
		_tmux_mcp_reply < <(_tmux_mcp_words tools "${plain[0]}")
		;;
	mcp-call:*)
		_tmux_mcp_reply < <(_tmux_mcp_words arguments "${plain[0]}" \
		    "${plain[1]}")
		;;
	mcp-read:1|mcp-subscribe:1)
		_tmux_mcp_reply < <(_tmux_mcp_words resources "${plain[0]}")
		;;
	mcp-again:0)
		_tmux_mcp_reply < <(compgen -W "$(tmux mcp-history \
		    -F '#{mcp_id}' 2>/dev/null)" -- "$cur")
		;;
	mcp-prompt:1)
		_tmux_mcp_reply < <(_tmux_mcp_words prompts "${plain[0]}")
		;;
	esac
}

complete -F _tmux_mcp tmux
