# SPDX-License-Identifier: GPL-2.0
# For Sphinx; see the target docs of the Makefile.
project = 'kmem-persist'
exclude_patterns = ['man']
html_theme = 'alabaster'
html_show_sphinx = False
nitpicky = True
