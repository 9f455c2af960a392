#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The pure libraries ask nothing of the system: every symbol that they take from elsewhere is one of
# ours, plain memory or arithmetic, or the compiler's. test_pure.sh NM STRICT... -- OTHER...
# STRICT: checked against the list of what is allowed. OTHER (it may read files): against the list of
# what is forbidden.

set -eu

nm=$1
shift
status=0

allowed='(bc|tclk)_[a-z0-9_]*|mul_shift_s64
|malloc|calloc|free|memcpy|memset|memcmp|memmove|strlen|snprintf|__snprintf_chk|llabs|labs|qsort
|__mem[a-z]*_chk|__stack_chk_fail(_local)?|_GLOBAL_OFFSET_TABLE_|__assert_fail|abort
|(fabs|floor|ceil|round|trunc|sqrt|pow|exp|log|hypot|fmin|fmax|fma|ldexp|frexp|fmod|isfinite|llround|lround)[fl]?
|__(u?div|u?mod|mul|ash|lsh|float|fix|aeabi_)[a-z0-9_]*
|__(asan|ubsan|gcov|llvm|tsan|sanitizer)_[a-z0-9_]*'
allowed=$(printf '%s' "$allowed" | tr -d '\n')

forbidden='socket|bind|connect|listen|accept4?|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|[gs]etsockopt|ioctl|e?poll[a-z_]*|select
|clock_[a-z]+|gettimeofday|time|nanosleep|usleep|sleep|timerfd_[a-z]+|adjtimex|syscall|fork|exec[a-z]*|system|pthread_[a-z_]*
|getrandom|rand|random|syslog|printf|bpf_[a-z0-9_]*|libbpf_[a-z0-9_]*|nl_[a-z0-9_]*|nla_[a-z0-9_]*|mnl_[a-z0-9_]*|rtnl_[a-z0-9_]*'
forbidden=$(printf '%s' "$forbidden" | tr -d '\n')

# Undefined symbols of an archive, less those that one of its own members defines.
imports() {
	"$nm" -u "$1" | awk '$1 == "U" || $1 == "w" { print $2 }' | sed 's/@.*//' | sort -u
}

complain() {
	[ -z "$2" ] && return
	echo "$1 $3:" $2
	status=1
}

is_strict=1
n=0
for library in "$@"; do
	if [ "$library" = -- ]; then
		is_strict=
		continue
	fi
	n=$((n + 1))
	"$nm" "$library" | grep -q ' T ' || { echo "$library: no symbols, the check sees nothing"; status=1; }
	if [ -n "$is_strict" ]; then
		complain "$library" "$(imports "$library" | grep -Evx "$allowed" || true)" 'takes what is not pure'
	else
		complain "$library" "$(imports "$library" | grep -Ex "$forbidden" || true)" 'takes what is forbidden'
	fi
done
[ "$status" -eq 0 ] && echo "$n libraries are pure"
exit "$status"
