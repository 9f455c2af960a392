# SPDX-License-Identifier: GPL-2.0-or-later
# The interfaces of a device that has two.

network_get_device() {
	case $2 in
	wan) eval "$1=eth0.2" ;;
	guest) eval "$1=br-guest" ;;
	*) eval "$1=" && return 1 ;;
	esac
}
