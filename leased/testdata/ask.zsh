# SPDX-License-Identifier: Apache-2.0
#
# zsh -f ask.zsh DIR LINE: what zsh offers behind LINE with the completions in DIR,
# each as <word>. A zsh in a terminal of its own presses the key.
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w z 'compadd() { local -a hits; (( ${argv[(I)-[OAD]]} )) || { builtin compadd -O hits "$@"; print -rl -- "<"${^hits}">" }; builtin compadd "$@" }'
zpty -w z 'finish() { print "<<"END">>"; exit }; comppostfuncs=(finish)'
zpty -w z 'bindkey "^I" complete-word; print "<<"READY">>"'
zpty -r z said '*<<READY>>*'
zpty -w -n z "$2"$'\t'
zpty -r z said '*<<END>>*'
print -r -- "$said"
