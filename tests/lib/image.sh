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

# image_tools DIR [FILE…]: git, curl and the files beside busybox, with the libraries they load.
image_tools() {
	local root=$1 p
	shift
	image_busybox "$root"
	mkdir -p "$root/etc/ssl/certs"
	for p in /usr/bin/git /usr/bin/curl /usr/lib/git-core/git /usr/lib/git-core/git-remote-http "$@"; do
		image_copy "$root" $p
	done
	ln -sf git-remote-http "$root/usr/lib/git-core/git-remote-https"
	for p in /lib/x86_64-linux-gnu /lib/aarch64-linux-gnu; do
		[ ! -e $p/libnss_dns.so.2 ] || image_copy "$root" $p/libnss_dns.so.2 $p/libnss_files.so.2
	done
	printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
	cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}

# image_copy ROOT FILE…: each file and the libraries it needs, at the same paths.
image_copy() {
	local root=$1 f
	shift
	for f in "$@" $(ldd "$@" 2>/dev/null | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
		mkdir -p "$root/$(dirname "$f")"
		[ -e "$root/$f" ] || cp -L "$f" "$root/$f"
	done
}
