# SPDX-License-Identifier: GPL-2.0-or-later
# BuildPackage makes a target for each package that prints its fields, one that installs it into DESTINATION, and one that
# prepares the source in PKG_BUILD_DIR.
define BuildPackage
$(eval $(Package/$(1)))
.PHONY: show-$(1) install-$(1)
show-$(1):
	@echo 'name=$(1) version=$(PKG_VERSION)-$(PKG_RELEASE) title=$(TITLE)'
	@echo 'depends=$(DEPENDS)'
	@echo 'build-depends=$(PKG_BUILD_DEPENDS)'
	@echo 'meson=$(MESON_ARGS)'
	@echo 'section=$(SECTION) category=$(CATEGORY) submenu=$(SUBMENU)'
	@echo 'conffiles=$(Package/$(1)/conffiles)'
install-$(1):
	$(call Package/$(1)/install,$(DESTINATION))
endef

.PHONY: prepare
prepare:
	$(Build/Prepare)
