# SPDX-License-Identifier: GPL-2.0-or-later
BPF_DEPENDS:=@HAS_BPF_TOOLCHAIN
CLANG:=/staging/host/llvm-bpf/bin/clang
