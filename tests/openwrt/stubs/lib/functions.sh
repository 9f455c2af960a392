# SPDX-License-Identifier: GPL-2.0-or-later
# What OpenWrt's functions.sh does for those who read /etc/config: config_load NAME calls config_cb, option_cb and
# list_cb as the file says, and config_cb once more at the end. The file is sh's own words, as there.

config_cb() { return 0; }
option_cb() { return 0; }
list_cb() { return 0; }

# Their variables are local, as there: whoever is called sees them in the place of its own.
config() {
	local cfgtype="$1" name="$2"

	stub_sections=$((stub_sections + 1))
	name=${name:-cfg$stub_sections}
	config_cb "$cfgtype" "$name"
}

option() {
	local varname="$1" value

	shift
	value="$*"
	option_cb "$varname" "$value"
}

# Of a list there is an option for its length besides, and one for each of its items.
list() {
	local varname="$1" value len=1

	shift
	value="$*"
	option_cb "${varname}_ITEM$len" "$value"
	option_cb "${varname}_LENGTH" "$len"
	list_cb "$varname" "$value"
}

config_load() {
	local PACKAGE="$1" DATA= RET= VAR=

	stub_sections=0
	[ -r "$IPKG_INSTROOT/etc/config/$PACKAGE" ] || return 1
	. "$IPKG_INSTROOT/etc/config/$PACKAGE"
	[ "$stub_sections" = 0 ] || config_cb
}
