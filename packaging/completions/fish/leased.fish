# SPDX-License-Identifier: Apache-2.0
#
# Completion of leased(8) for fish. It does not run leased: what completes is done
# as root, with half a command line.

set -l commands serve ls may help
set -l none "not __fish_seen_subcommand_from $commands h"
set -l serve '__fish_seen_subcommand_from serve'

complete -c leased -f
complete -c leased -s h -l help -d 'show help'
complete -c leased -n "$none; or $serve" -s v -l version -d 'print the version'

complete -c leased -n "$none; or __fish_seen_subcommand_from help h" -a serve -d 'run the daemon, on the socket from systemd or on its own socket'
complete -c leased -n "$none; or __fish_seen_subcommand_from help h" -a ls -d 'list the attachments and their leases'
complete -c leased -n "$none; or __fish_seen_subcommand_from help h" -a may -d 'ask the policy whether WHO may attach to an interface of the host'
complete -c leased -n "$none; or __fish_seen_subcommand_from help h" -a help -d 'Shows a list of commands or help for one command'

complete -c leased -n $serve -l state-dir -x -a '(__fish_complete_directories)' -d 'directory for live leases'
complete -c leased -n $serve -l memory-dir -x -a '(__fish_complete_directories)' -d 'directory for the lease memory, for use after a reboot; empty: no memory'
complete -c leased -n $serve -l policy-dir -x -a '(__fish_complete_directories)' -d 'directory of the policy, which says what the OCI hook may do'
complete -c leased -n $serve -l idle-timeout -x -d 'exit after this time without leases and callers; 0: never'
complete -c leased -n $serve -l log-level -x -a 'debug info warn error' -d 'lowest level to log: debug, info, warn or error'

complete -c leased -n '__fish_seen_subcommand_from ls' -l json -d 'print one JSON object per line'
