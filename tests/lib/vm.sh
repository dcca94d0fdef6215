# shellcheck shell=bash
# A virtual machine with pure cgroup v2: what the machine that runs the tests may not have. Debian's
# kernel under QEMU's emulation (no KVM needed), this machine's root read-only below a tmpfs overlay,
# so that a test sees the same programs and can break nothing.
#
#	vm_needed			skips where QEMU or the kernel package is not to be had
#	vm_run INIT SCRIPT SECONDS	runs SCRIPT as root; INIT: "plain" or "systemd". Its exit status.
#
# The console is in $TMPDIR/console. An emulated machine is 20 to 40 times slower than a real one.

VM_DIR=${BUILD:-build}/vm
# In the order of loading; a kernel that has one built in lacks the file.
VM_MODULES="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache
9pnet 9pnet_virtio 9p overlay"

vm_needed() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v qemu-system-x86_64 >/dev/null || skip "needs qemu-system-x86 (apt-get install)"
	[ "$(uname -m)" = x86_64 ] || skip "the virtual machine is one for x86-64"
	vm_kernel >"${TMPDIR:-/tmp}/kernel.log" 2>&1 || skip "Debian's kernel package is not to be had"
	vm_initrd || skip "the first root of the virtual machine could not be made"
}

# The kernel package, unpacked into $VM_DIR/kernel once a build folder.
vm_kernel() {
	local package
	[ -e "$VM_DIR/kernel/done" ] && return
	rm -rf "$VM_DIR/kernel" && mkdir -p "$VM_DIR/kernel"
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
	[ -n "$package" ] && (cd "$VM_DIR" && apt-get download "$package") || return
	dpkg-deb -x "$VM_DIR"/linux-image-*.deb "$VM_DIR/kernel" && touch "$VM_DIR/kernel/done"
}

# A first root with busybox and the modules that reach this machine's root.
vm_initrd() {
	local root="$VM_DIR/initrd" modules m
	rm -rf "$root" && mkdir -p "$root"/{bin,modules,lower,rw,proc} || return
	cp /bin/busybox "$root/bin/" || return
	modules=$(echo "$VM_DIR"/kernel/lib/modules/*)
	for m in $VM_MODULES; do
		find "$modules" -name "$m.ko" -exec cp {} "$root/modules/" \;
	done
	echo "$VM_MODULES" >"$root/modules/order"
	cat >"$root/init" <<-'INIT'
		#!/bin/busybox sh
		PATH=/bin; /bin/busybox --install -s /bin
		for m in $(cat /modules/order); do [ ! -e /modules/$m.ko ] || insmod /modules/$m.ko; done
		mount -t proc proc /proc
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower
		mount -t tmpfs tmpfs /rw
		mkdir /rw/up /rw/work /rw/root
		mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work overlay /rw/root
		cd /rw/root
		mkdir -p proc sys dev run tmp
		mount -t devtmpfs dev dev
		mount -t sysfs sysfs sys
		mount -t tmpfs -o mode=755 tmpfs run
		mount -t cgroup2 cgroup2 sys/fs/cgroup
		mount --move /proc proc
		mkdir -p run/systemd/system
		cp /vm-script /vm-init run/
		cp /vm.service run/systemd/system/
		chmod 755 run/vm-init
		# This machine may be a container; the virtual one is none.
		rm -f .dockerenv
		exec switch_root . $(cat /vm-command) <dev/console >dev/console 2>&1
	INIT
	printf '#!/bin/sh\nexec sh /run/vm-script\n' >"$root/vm-init"
	cat >"$root/vm.service" <<-'UNIT'
		[Unit]
		DefaultDependencies=no
		[Service]
		Type=oneshot
		ExecStart=/bin/sh /run/vm-script
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/console
	UNIT
	chmod 0755 "$root/init"
}

vm_run() { # vm_run plain|systemd SCRIPT SECONDS
	local init=/run/vm-init console="${TMPDIR:-/tmp}/console"
	[ "$1" = systemd ] && init="/lib/systemd/systemd --unit=vm.service --show-status=0"
	{
		echo "cd '$PWD'; export BUILD='$BUILD' TMPDIR=/run PATH='$PATH'"
		echo "($(cat "$2")"
		echo ") </dev/null; echo VM_STATUS=\$?; sync; echo b >/proc/sysrq-trigger"
	} >"$VM_DIR/initrd/vm-script"
	echo "$init" >"$VM_DIR/initrd/vm-command"
	(cd "$VM_DIR/initrd" && find . | busybox cpio -o -H newc | gzip -1) \
		>"${TMPDIR:-/tmp}/initrd.gz" 2>/dev/null || return
	timeout -k 5 "$3" qemu-system-x86_64 -M pc -cpu qemu64,+sse4.2,+ssse3 -m 1024 -nographic \
		-no-reboot -nic none -kernel "$VM_DIR"/kernel/boot/vmlinuz-* \
		-initrd "${TMPDIR:-/tmp}/initrd.gz" \
		-virtfs local,path=/,mount_tag=root,security_model=passthrough,readonly=on,multidevs=remap \
		-append "console=ttyS0 quiet panic=-1" \
		</dev/null >"$console" 2>&1
	tr -d '\r' <"$console" >"$console.txt"
	return "$(sed -n 's/^VM_STATUS=\([0-9]*\)$/\1/p' "$console.txt" | tail -n 1 | grep . || echo 125)"
}
