# SPDX-License-Identifier: GPL-2.0-or-later
# What OpenWrt's functions.sh does for those who read /etc/config: config_load NAME calls config_cb, option_cb and
# list_cb as the file says, and config_cb once more at the end; config_foreach and config_get read what was loaded. The file
# is sh's own words, as there.

config_cb() { return 0; }
option_cb() { return 0; }
list_cb() { return 0; }

# Their variables are local, as there: whoever is called sees them in the place of its own.
config() {
	local cfgtype="$1" name="$2"

	stub_sections=$((stub_sections + 1))
	name=${name:-cfg$stub_sections}
	stub_section=$name
	stub_list="$stub_list $name:$cfgtype"
	config_cb "$cfgtype" "$name"
}

option() {
	local varname="$1" value

	shift
	value="$*"
	eval "CONFIG_${stub_section}_$varname=\$value"
	option_cb "$varname" "$value"
}

# Of a list there is an option for its length besides, and one for each of its items.
list() {
	local varname="$1" value len=1

	shift
	value="$*"
	eval "CONFIG_${stub_section}_$varname=\"\${CONFIG_${stub_section}_$varname:+\$CONFIG_${stub_section}_$varname }\$value\""
	option_cb "${varname}_ITEM$len" "$value"
	option_cb "${varname}_LENGTH" "$len"
	list_cb "$varname" "$value"
}

config_load() {
	local PACKAGE="$1" DATA= RET= VAR=

	stub_sections=0 stub_list=
	[ -r "$IPKG_INSTROOT/etc/config/$PACKAGE" ] || return 1
	. "$IPKG_INSTROOT/etc/config/$PACKAGE"
	[ "$stub_sections" = 0 ] || config_cb
}

# config_get VARIABLE SECTION OPTION [DEFAULT]: of a list its elements with blanks between.
config_get() {
	eval "$1=\${CONFIG_$2_$3:-\${4-}}"
}

config_get_bool() {
	local _tmp

	config_get _tmp "$2" "$3" "$4"
	case $_tmp in
	1 | on | true | yes | enabled) eval "$1=1" ;;
	0 | off | false | no | disabled) eval "$1=0" ;;
	*) eval "$1=\$4" ;;
	esac
}

# config_foreach FUNCTION TYPE: for the sections of that type.
config_foreach() {
	local section

	for section in $stub_list; do
		[ "${section##*:}" != "$2" ] || "$1" "${section%:*}"
	done
}
