# SPDX-License-Identifier: GPL-2.0-or-later
"""A zsh at a terminal of its own that is asked what it would complete."""

import os
import pty
import select
import subprocess
import tempfile
import time

# What is offered goes to the pipe instead of to the terminal alone; an empty line ends it.
_SETUP = r"""
fpath=({folder} $fpath)
autoload -Uz compinit
compinit -D -u
zstyle ':completion:*' completer _complete
compadd() {{
	local -a hits
	[[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\ * ]] || {{
		builtin compadd -A hits "$@"
		(( ! $#hits )) || printf '%s\n' "$hits[@]" >&{fd}
	}}
	builtin compadd "$@"
}}
tell_end() {{ echo >&{fd} }}
complete-and-tell() {{
	zle .kill-whole-line
	IFS= read -r BUFFER <&{line_fd}
	CURSOR=$#BUFFER
	zle list-choices
	zle .kill-whole-line
	tell_end
}}
zle -N complete-and-tell
bindkey '^I' complete-and-tell
tell_end
"""


class Zsh:
    def __init__(self, folder, limit_s):
        self._limit_s = limit_s
        self._home = tempfile.TemporaryDirectory(prefix="ebc-zsh-")
        self._terminal, inner = pty.openpty()
        told_fd, tell_fd = os.pipe()
        line_fd, self._lines_fd = os.pipe()
        self._told = told_fd
        with open(os.path.join(self._home.name, ".zshrc"), "w", encoding="utf-8") as file:
            file.write(_SETUP.format(folder=folder, fd=tell_fd, line_fd=line_fd))
        environment = {**os.environ, "ZDOTDIR": self._home.name, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(["zsh", "-d", "-i"], stdin=inner, stdout=inner, stderr=inner, env=environment,
                                         cwd=self._home.name, pass_fds=(tell_fd, line_fd), start_new_session=True)
        for fd in (inner, tell_fd, line_fd):
            os.close(fd)
        self.shown = b""
        self._answer()

    def _answer(self):
        """What is told until the empty line; what the terminal shows meanwhile is read, or zsh would wait for that."""
        text, end_s = b"", time.monotonic() + self._limit_s
        while not text.endswith(b"\n\n") and text != b"\n":
            ready = select.select([self._told, self._terminal], [], [],
                                  max(0, end_s - time.monotonic()))[0]
            if not ready:
                raise TimeoutError(f"zsh does not answer: {text}, {self.shown}")
            if self._terminal in ready:
                self.shown += os.read(self._terminal, 65536)
            if self._told in ready:
                text += os.read(self._told, 65536)
        return text.decode().split()

    def complete(self, line):
        os.write(self._lines_fd, line.encode() + b"\n")
        os.write(self._terminal, b"\t")
        return self._answer()

    def close(self):
        self._process.kill()
        self._process.wait()
        for fd in (self._terminal, self._told, self._lines_fd):
            os.close(fd)
        self._home.cleanup()
