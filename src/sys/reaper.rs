//! Ends what a host that is going away can no longer wait for.
//!
//! A server that ignores both the end of its input and SIGTERM would outlive the
//! host, which has no time to watch it: tmux exits in the turn in which it lets
//! the client go. So a shell is left behind that looks ten times a second, kills
//! after two seconds, and is gone as soon as all groups are.
//!
//! A group is named by number here. The number cannot belong to others while the
//! group has members, and one that has gone is not looked at again.

use super::process;
use super::spawn::{self, Program};

const SCRIPT: &str = r#"
round=0
while [ $round -lt 20 ]; do
	left=
	for group; do kill -s 0 -- "-$group" 2>/dev/null && left="$left $group"; done
	[ -n "$left" ] || exit 0
	set -- $left
	round=$((round + 1))
	sleep 0.1
done
for group; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

/// Sees to the end of the process groups that were told to terminate.
pub fn reap(groups: &[i32]) {
    if groups.is_empty() {
        return;
    }
    let mut program = Program::new("/bin/sh");
    program.args = vec!["-c".into(), SCRIPT.into(), "sh".into()];
    program.args.extend(groups.iter().map(|group| group.to_string().into()));
    program.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    // Where no shell can be started, termination was asked for and that is all.
    if let Ok((pid, _)) = spawn::spawn(&program) {
        process::leave(pid);
    }
}
