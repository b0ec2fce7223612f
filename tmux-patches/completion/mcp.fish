# Completion of tmux's mcp commands for fish: put it into
# ~/.config/fish/conf.d. It adds to the completion of tmux that fish has.

# The words after the mcp command that are no flags and no values of flags.
function __tmux_mcp_plain
    set -l words (commandline -opc)
    set -l command ''
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        if test -z "$command"
            switch $word
                case -L -S -f -c
                    set skip 1
                case '-*'
                case '*'
                    set command $word
                    echo $command
            end
            continue
        end
        switch $word
            case '-*i' '-*o' '-*q' '-*s' '-*t' '-*T' '-*r' '-*f'
                set skip 1
            case '-*F'
                switch $command
                    case mcp-answer mcp-call mcp-prompt mcp-query
                    case '*'
                        set skip 1
                end
            case '-*'
            case '*'
                echo $word
        end
    end
end

# Whether the command is one of the first arguments and has that many words.
function __tmux_mcp_at
    set -l plain (__tmux_mcp_plain)
    test (count $plain) -gt 0; or return 1
    contains -- $plain[1] $argv[2..-1]; or return 1
    test (math (count $plain) - 1) -eq $argv[1]
end

function __tmux_mcp_ask
    set -l plain (__tmux_mcp_plain)
    tmux mcp-complete -T 2000 $argv[1] $plain[2..-1] 2>/dev/null
end

function __tmux_mcp_arguments
    set -l plain (__tmux_mcp_plain)
    test (count $plain) -ge 3; and test $plain[1] = mcp-call; or return 1
    tmux mcp-complete -T 2000 arguments $plain[2] $plain[3] 2>/dev/null
end

complete -c tmux -n 'test -z "$(__tmux_mcp_plain)"' -f -a 'mcp-again mcp-answer mcp-call mcp-cancel mcp-complete mcp-history mcp-jobs mcp-log mcp-menu mcp-prompt mcp-prompts mcp-read mcp-reload mcp-resources mcp-stats mcp-subscribe mcp-tools'
complete -c tmux -n '__tmux_mcp_at 0 mcp-call mcp-menu mcp-tools mcp-resources mcp-prompts mcp-read mcp-prompt mcp-subscribe mcp-stats' -f -a '(__tmux_mcp_ask servers)'
complete -c tmux -n '__tmux_mcp_at 1 mcp-call mcp-menu' -f -a '(__tmux_mcp_ask tools)'
complete -c tmux -n '__tmux_mcp_at 1 mcp-read mcp-subscribe' -f -a '(__tmux_mcp_ask resources)'
complete -c tmux -n '__tmux_mcp_at 0 mcp-again' -f -a "(tmux mcp-history -F '#{mcp_id}' 2>/dev/null)"
complete -c tmux -n '__tmux_mcp_at 1 mcp-prompt' -f -a '(__tmux_mcp_ask prompts)'
complete -c tmux -n 'test (count (__tmux_mcp_plain)) -ge 3' -f -a '(__tmux_mcp_arguments)'
complete -c tmux -n 'string match -q -- "mcp-*" (__tmux_mcp_plain)[1]' -s o -x -a 'stdout view popup buffer pane message window none'
