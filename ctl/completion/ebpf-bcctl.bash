# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of ebpf-bcctl. Needs nothing but bash; names of ports are asked from the daemon.

# Never through compgen -W, which would run what stands in a name.
_ebpf_bcctl_offer() {
	local word

	for word in "$@"; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
	done
}

_ebpf_bcctl_offer_ports() {
	local names=()

	mapfile -t names < <("${COMP_WORDS[0]}" ${socket:+-s "$socket"} ports 2>/dev/null | sed 1d |
		while read -r _ name _; do printf '%s\n' "$name"; done)
	_ebpf_bcctl_offer "${names[@]}"
}

_ebpf_bcctl_offer_interfaces() {
	local paths=(/sys/class/net/*)

	_ebpf_bcctl_offer "${paths[@]##*/}"
}

_ebpf_bcctl_offer_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	compopt -o filenames 2>/dev/null
}

_ebpf_bcctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command="" socket="" i

	# bash takes `=` for a word of its own.
	if [[ $cur == = ]]; then
		cur=""
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s) socket=${COMP_WORDS[++i]} ;;
		-s?*) socket=${COMP_WORDS[i]#-s} ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [[ -z $command ]]; then
		case $previous in
		-s) _ebpf_bcctl_offer_files ;;
		*) _ebpf_bcctl_offer status ports stats stamps watch trace residence check -s -h -v ;;
		esac
		return
	fi
	case $command/$previous in
	check/--port) _ebpf_bcctl_offer_interfaces ;;
	*/--port) _ebpf_bcctl_offer_ports ;;
	*/--type) _ebpf_bcctl_offer sync delay_req pdelay_req pdelay_resp ;;
	trace/--csv | */--plot | */--raw | check/-f) _ebpf_bcctl_offer_files ;;
	*/--limit | */--interval | */--count | */--seconds) ;;
	status/* | ports/*) _ebpf_bcctl_offer --json -h ;;
	stats/*) _ebpf_bcctl_offer --port --all --rate --json -h ;;
	stamps/*) _ebpf_bcctl_offer --port --type --limit --json -h ;;
	watch/*) _ebpf_bcctl_offer --interval --count --json -h ;;
	trace/*) _ebpf_bcctl_offer --seconds --csv --plot --json -h ;;
	residence/*)
		_ebpf_bcctl_offer --port --type --seconds --clear --json --csv --watch --raw --plot -h
		;;
	check/*)
		_ebpf_bcctl_offer -f --port --json --all -h
		_ebpf_bcctl_offer_interfaces
		;;
	esac
}

complete -F _ebpf_bcctl ebpf-bcctl
