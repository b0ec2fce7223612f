# Completion of tmux's mcp commands for bash: source it from ~/.bashrc.
#
# What a word may be is asked of the running tmux server (mcp-complete words),
# which answers from what it knows or asks the MCP server for at most two
# seconds. Other commands of tmux are left to the completion there was.

_tmux_mcp_previous=$(complete -p tmux 2>/dev/null |
    sed -n 's/.* -F \([^ ]*\) .*/\1/p')

# The words up to the cursor. bash takes them apart at = and : as well.
_tmux_mcp_split() {
	local rest=${COMP_LINE:0:COMP_POINT} blanks piece i
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blanks=${rest%%[! $'\t']*}
		rest=${rest#"$blanks"}
		piece=${COMP_WORDS[i]}
		((i == COMP_CWORD)) && piece=$rest
		if ((i == 0)) || [[ -n $blanks ]]; then
			words+=("$piece")
		else
			words[${#words[@]}-1]+=$piece
		fi
		rest=${rest#"$piece"}
	done
}

# Without the quotes and backslashes that were typed.
_tmux_mcp_plain() {
	local word=$1
	case $word in
	\'*) word=${word#\'}; word=${word%\'} ;;
	\"*) word=${word#\"}; word=${word%\"} ;;
	*) word=${word//\\/} ;;
	esac
	plain+=("$word")
}

_tmux_mcp() {
	local i line first= cur
	local -a words plain=()

	_tmux_mcp_split
	for ((i = 1; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		-[LSfc]) ((i++)) ;;
		-*) ;;
		*) first=$i; break ;;
		esac
	done
	cur=${words[${#words[@]}-1]}
	if [[ -z $first || ( $first -eq $((${#words[@]} - 1)) && $cur != mcp* ) ||
	    ( ${words[first]} != mcp* && ${words[first]} != m* ) ]]; then
		[[ -n $_tmux_mcp_previous ]] && "$_tmux_mcp_previous" "$@"
		return
	fi
	COMPREPLY=()
	if [[ $first -eq $((${#words[@]} - 1)) ]]; then
		while IFS= read -r line; do
			[[ $line == "$cur"* ]] && COMPREPLY+=("$line")
		done < <("${COMP_WORDS[0]}" list-commands \
		    -F '#{command_list_name}' 2>/dev/null | grep '^mcp-')
		return
	fi
	for ((i = first; i < ${#words[@]}; i++)); do
		_tmux_mcp_plain "${words[i]}"
	done
	# bash puts what it gets behind the last = or : only.
	local last=${COMP_WORDS[COMP_CWORD]} before
	[[ $last == [=:] ]] && last=
	before=${cur%"$last"}
	while IFS= read -r line; do
		line=$(printf '%q' "$line")
		COMPREPLY+=("${line#"$before"}")
	done < <("${COMP_WORDS[0]}" mcp-complete -T 2000 words "${plain[@]}" \
	    2>/dev/null)
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] &&
	    compopt -o nospace 2>/dev/null
	if [[ ${#COMPREPLY[@]} -eq 0 && ${plain[0]} != mcp-* &&
	    -n $_tmux_mcp_previous ]]; then
		"$_tmux_mcp_previous" "$@"
	fi
	return 0
}

complete -F _tmux_mcp tmux
