# SPDX-License-Identifier: GPL-2.0-or-later
# What a package's Makefile takes from OpenWrt's rules.mk.
INCLUDE_DIR:=$(TOPDIR)/include
STAGING_DIR:=/staging
STAGING_DIR_HOST:=/staging/host
TOOLCHAIN_DIR:=/toolchain
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_CONF:=install -m0600
