# Completion of tmux's mcp commands for fish: put it into
# ~/.config/fish/conf.d. It adds to the completion of tmux that fish has. What a
# word may be is asked of the running tmux server (mcp-complete words).

# The mcp command and its words before the cursor.
function __tmux_mcp_words
    set -l words (commandline -opc)
    set -l skip 0
    set -l found 0
    for word in $words[2..-1]
        if test $found = 1
            echo -- $word
        else if test $skip = 1
            set skip 0
        else
            switch $word
                case -L -S -f -c
                    set skip 1
                case '-*'
                case 'm*'
                    set found 1
                    echo -- $word
                case '*'
                    return
            end
        end
    end
end

function __tmux_mcp_ask
    set -l words (__tmux_mcp_words)
    test (count $words) -gt 0; or return 1
    tmux mcp-complete -T 2000 words $words (commandline -ct) 2>/dev/null
end

complete -c tmux -n 'test -z "$(__tmux_mcp_words)"' -f -a '(tmux list-commands -F "#{command_list_name}" 2>/dev/null | string match "mcp-*")'
complete -c tmux -n 'test -n "$(__tmux_mcp_words)"' -f -a '(__tmux_mcp_ask)'
