#!/bin/sh
# Print the newest supported Python that can make environments, or say in one sentence what to install.
# An interpreter may be named: find_python.sh /path/to/python
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
found=
for python in ${1:-python3.14 python3.13 python3.12 python3.11 python3}; do
	"$python" -c "$supported" 2>/dev/null || continue
	if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
		echo "$python"
		exit 0
	fi
	found=${found:-$python}
done
if [ -n "$found" ]; then
	what="$("$found" --version 2>&1) has no venv module"
elif "${1:-python3}" -c '' 2>/dev/null; then
	what="$("${1:-python3}" --version 2>&1) is not supported"
else
	what="${1:-python3} is no Python that can be run"
fi
cat >&2 <<TEXT
$what: Qhawaq needs Python 3.11 to 3.14 with venv (Debian and Ubuntu: apt install python3-venv; Fedora: dnf install \
python3; macOS: brew install python@3.13), or call make PYTHON=/path/to/python3.
TEXT
exit 1
