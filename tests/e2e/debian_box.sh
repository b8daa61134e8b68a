#!/bin/bash
# Becomes a box of its own: this machine's Debian under an overlay, with systemd as its first process.
#   debian_box.sh FOLDER: what is written goes to memory; FOLDER is /srv/box in it. Run as root.
set -eu
folder=$1

if [ -z "${IN_NAMESPACES:-}" ]; then
  # Its units get a place of their own among the control groups, below ours.
  name=gatewayd-box-$$
  cp /proc/self/cgroup "$folder/cgroup"
  while IFS=: read -r _ controller path; do
    case $controller in
      name=systemd | pids | devices | memory) place=/sys/fs/cgroup/${controller#name=}$path/$name ;;
      '') place=/sys/fs/cgroup/unified$path/$name; [ -d /sys/fs/cgroup/unified ] || place=/sys/fs/cgroup$path/$name ;;
      *) continue ;;
    esac
    if mkdir -p "$place" && echo $$ >"$place/cgroup.procs"; then echo "$place" >>"$folder/cgroups"; fi
  done <"$folder/cgroup"
  IN_NAMESPACES=yes exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child "$0" "$folder"
fi

cd "$folder"
mkdir -p disk
mount -t tmpfs tmpfs disk
mkdir disk/up disk/work disk/root
mount -t overlay overlay -o lowerdir=/,upperdir=disk/up,workdir=disk/work disk/root
cd disk/root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount --rbind /dev/pts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
: >"$folder/console"
: >dev/console
mount --bind "$folder/console" dev/console
mkdir -p srv/box
mount --bind "$folder" srv/box
: >etc/machine-id
rm -rf etc/systemd/system/*.wants etc/gatewayd var/lib/gatewayd var/backups/gatewayd  # As on a new box.
export container=other
exec chroot . /usr/lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
