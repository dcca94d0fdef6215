# shellcheck shell=bash
# image_busybox DIR: what an engine's image of busybox alone holds.
image_busybox() {
	local root=$1
	mkdir -p "$root"/{bin,etc,root,home}
	mkdir -p -m 1777 "$root/tmp"
	cp /bin/busybox "$root/bin/busybox"
	/bin/busybox --list | while read -r n; do [ "$n" = busybox ] || ln -sf busybox "$root/bin/$n"; done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
}
