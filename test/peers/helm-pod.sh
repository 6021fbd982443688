#!/bin/sh
# Runs a command as a container of a pod would: a root of its own with nothing but libraries and the program, read-only, the
# pod's volumes in it, a user that is not root, no capability and no way to one.
# Started in a mount namespace of its own, so nothing that is mounted here outlives it.
#   root=FOLDER program='PATH ...' mounts='SOURCE TARGET ro|rw, one a line' user=UID groups=GID helm-pod.sh COMMAND ARGUMENT...
set -eu
mount -t tmpfs -o mode=755 tmpfs "$root"

show() { # source, target, ro or rw
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root$(dirname "$2")"; : > "$root$2"; fi
  mount --rbind "$1" "$root$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi
}

for folder in /lib /lib64; do
  if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"; elif [ -d "$folder" ]; then show "$folder" "$folder" ro; fi
done
for path in /usr/lib /usr/lib64 /usr/bin/setpriv /etc/resolv.conf /etc/hosts /dev/null /dev/urandom $program; do
  if [ -e "$path" ]; then show "$path" "$path" rw; fi
done
mkdir -p "$root/proc"
mount --rbind /proc "$root/proc"
printf '%s\n' "$mounts" | while read -r source target mode; do
  if [ -n "$source" ]; then show "$source" "$target" "$mode"; fi
done
mount -o remount,bind,ro "$root"

if [ -n "$user" ]; then set -- --reuid="$user" --regid="$user" --groups="$groups" -- "$@"; else set -- -- "$@"; fi
exec chroot "$root" /usr/bin/setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
