#!/bin/sh
# Print the newest supported Python that can make environments, or say in one sentence what to install.
# An interpreter may be named: find_python.sh /path/to/python
is_python='print("yes")'
supported='import sys; print("yes" if (3, 11) <= sys.version_info[:2] <= (3, 14) else "no")'
has_venv='import ensurepip, venv; print("yes")'
answers() { # PYTHON CODE: whether it says yes; whatever is no Python says something else
	[ "$("$1" -c "$2" 2>/dev/null)" = yes ]
}

named=${1:-python3}
[ $# -gt 0 ] || set -- python3.14 python3.13 python3.12 python3.11 python3
without_venv=
for python in "$@"; do
	answers "$python" "$supported" || continue
	if answers "$python" "$has_venv"; then
		echo "$python"
		exit 0
	fi
	without_venv=${without_venv:-$python}
done
if [ -n "$without_venv" ]; then
	what="$("$without_venv" --version 2>&1) has no venv module"
elif answers "$named" "$is_python"; then
	what="$("$named" --version 2>&1) is not supported"
else
	what="$named is no Python that can be run"
fi
echo "$what: Qhawaq needs Python 3.11 to 3.14 with venv (Debian and Ubuntu: apt install python3-venv; Fedora: dnf install" \
	"python3; macOS: brew install python@3.13), or call make PYTHON=/path/to/python3." >&2
exit 1
