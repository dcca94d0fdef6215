# shellcheck shell=bash
# A virtual machine with the cgroups that the machine which runs the tests may not have. Debian's
# kernel under QEMU's emulation (no KVM needed), this machine's root read-only below a tmpfs
# overlay, so that a test sees the same programs and can break nothing.
#
#	vm_needed			skips where QEMU or the kernel package is not to be had
#	vm_run MODE SCRIPT SECONDS	runs SCRIPT as root; its exit status (125: none was told)
#	vm_run_test MODE PROGRAM SECONDS	as above for a test program; prints what that printed
#	vm_run_tests MODE SECONDS PROGRAM…	several in one machine
#	vm_output			what the script of vm_run printed
#
# MODE: v2		pure cgroup v2, no systemd: the script is the first process
#	systemd		pure v2 under systemd
#	systemd-v1	systemd with v1 hierarchies alone
#	systemd-hybrid	systemd with v1 hierarchies and its own unified tree
#
# The console is in $TMPDIR/console.txt. An emulated machine is 20 to 40 times slower than a real
# one; what runs there (the programs under test, the tree's tests) is copied to a disk of its own,
# since each look at a file of this machine costs more still.

VM_DIR=${BUILD:-build}/vm
# In the order of loading; a kernel that has one built in lacks the file.
VM_MODULES="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache
9pnet 9pnet_virtio 9p overlay virtio_blk crc32c_generic libcrc32c crc16 mbcache jbd2 ext4"

vm_needed() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v qemu-system-x86_64 >/dev/null || skip "needs qemu-system-x86 (apt-get install)"
	[ "$(uname -m)" = x86_64 ] || skip "the virtual machine is one for x86-64"
	vm_kernel >"${TMPDIR:-/tmp}/kernel.log" 2>&1 || skip "Debian's kernel package is not to be had"
}

# The kernel package, unpacked (never installed) into $VM_DIR/kernel once a build folder.
vm_kernel() {
	local package
	mkdir -p "$VM_DIR" || return
	(
		flock 9
		[ -e "$VM_DIR/kernel/ready" ] && exit
		rm -rf "$VM_DIR/kernel" && mkdir -p "$VM_DIR/kernel"
		package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
		cd "$VM_DIR" && apt-get download "${package:?}" || exit
		dpkg-deb -x linux-image-*.deb kernel && rm linux-image-*.deb
		busybox depmod -b "$PWD/kernel" "$(ls kernel/lib/modules)" && touch kernel/ready
	) 9>"$VM_DIR/lock"
}

# A first root with busybox and the modules that reach this machine's root.
vm_initrd() { # vm_initrd DIR MODE
	local root=$1 modules m
	mkdir -p "$root"/{bin,modules,lower,rw,proc,sys} || return
	cp /bin/busybox "$root/bin/" || return
	modules=$(echo "$VM_DIR"/kernel/lib/modules/*)
	for m in $VM_MODULES; do
		find "$modules" -name "$m.ko" -exec cp {} "$root/modules/" \;
	done
	echo "$VM_MODULES" >"$root/modules/order"
	echo "$2" >"$root/vm-mode"
	{ realpath "$VM_DIR/kernel/lib/modules"; echo "$PWD"; realpath "$BUILD"; } >"$root/vm-paths"
	cat >"$root/init" <<-'INIT'
		#!/bin/busybox sh
		PATH=/bin; /bin/busybox --install -s /bin
		for m in $(cat /modules/order); do [ ! -e /modules/$m.ko ] || insmod /modules/$m.ko; done
		{ read modules; read tree; read build; } </vm-paths
		mount -t proc proc /proc
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower
		mount -t tmpfs -o size=80% tmpfs /rw
		mkdir /rw/up /rw/work /rw/root
		mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work overlay /rw/root
		cd /rw/root
		mkdir -p proc sys dev run tmp lib/modules mnt/vm
		mount -t devtmpfs dev dev
		mount -t sysfs sysfs sys
		mount -t tmpfs -o mode=755 tmpfs run
		mount --bind "/lower$modules" lib/modules
		mount -t ext4 -o ro dev/vda mnt/vm
		mount --bind mnt/vm/tests "$PWD$tree/tests"
		mount --bind mnt/vm/bin "$PWD$build/bin"
		mount --bind mnt/vm/unit "$PWD$build/unit"
		[ -e sbin/modprobe ] || { cp /bin/busybox sbin/busybox.vm; ln -s busybox.vm sbin/modprobe; }
		# systemd mounts what its command line asks for; without it there is v2 alone.
		[ "$(cat /vm-mode)" != v2 ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
		mount --move /proc proc
		mkdir -p run/systemd/system
		cp /vm-script /vm-init run/
		cp /vm.service run/systemd/system/
		# Only what was asked for: not the whole of an ordinary boot.
		for u in dbus.socket dbus.service; do
			mkdir run/systemd/system/$u.d
			printf '[Unit]\nDefaultDependencies=no\n' >run/systemd/system/$u.d/vm.conf
		done
		chmod 755 run/vm-init
		# This machine may be a container; the virtual one is none.
		rm -f .dockerenv
		exec switch_root . $(cat /vm-command) <dev/console >dev/console 2>&1
	INIT
	printf '#!/bin/sh\nmkdir -p /dev/pts /dev/shm && mount -t devpts devpts /dev/pts\nexec sh /run/vm-script\n' >"$root/vm-init"
	# A bus, as engines with the systemd driver expect one.
	cat >"$root/vm.service" <<-'UNIT'
		[Unit]
		DefaultDependencies=no
		Wants=dbus.socket
		After=dbus.socket
		[Service]
		Type=oneshot
		ExecStart=/bin/sh /run/vm-script
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/console
		Delegate=yes
		TasksMax=infinity
		LimitNOFILE=1048576
	UNIT
	chmod 0755 "$root/init"
}

# What runs there, as an ext4 image without any mount: programs, unit tests, the tree's tests.
vm_disk() { # vm_disk FILE
	local dir
	dir=$(mktemp -d "${TMPDIR:-/tmp}/disk.XXXXXX") || return
	mkdir -p "$dir/unit" && cp -a tests "$dir/tests" && cp -a "$BUILD/bin" "$dir/bin" &&
		{ [ ! -d "$BUILD/unit/shim" ] || cp -a "$BUILD/unit/shim" "$dir/unit/shim"; } || return
	truncate -s "$(($(du -sm "$dir" | cut -f1) * 5 / 4 + 32))M" "$1" &&
		mke2fs -q -t ext4 -O ^has_journal -d "$dir" "$1" || return
	rm -rf "$dir"
}

vm_boot_options() { # vm_boot_options MODE
	case $1 in
	systemd-v1) echo "systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1" ;;
	systemd-hybrid) echo "systemd.unified_cgroup_hierarchy=0" ;;
	*) echo "systemd.unified_cgroup_hierarchy=1" ;;
	esac
}

vm_run() { # vm_run MODE SCRIPT SECONDS
	local here init=/run/vm-init status
	here=$(mktemp -d "${TMPDIR:-/tmp}/vm.XXXXXX") || return
	[ "$1" = v2 ] || init="/lib/systemd/systemd --unit=vm.service --show-status=0"
	vm_initrd "$here/initrd" "$1" && vm_disk "$here/disk" || return
	{
		echo "cd '$PWD'; export BUILD='$(realpath "$BUILD")' TMPDIR=/run/t HOME=/root PATH='$PATH'"
		echo "mkdir -p /run/t; ip link set lo up; echo; echo VM_BEGIN"
		echo "($(cat "$2")"
		echo ") </dev/null; echo VM_STATUS=\$?; sync; echo b >/proc/sysrq-trigger"
	} >"$here/initrd/vm-script"
	echo "$init" >"$here/initrd/vm-command"
	(cd "$here/initrd" && find . | busybox cpio -o -H newc | gzip -1) >"$here/initrd.gz" 2>/dev/null || return
	timeout -k 5 "$3" qemu-system-x86_64 -M pc -cpu qemu64,+sse4.2,+ssse3 -m "${VM_MEMORY:-2048}" \
		-nographic -no-reboot -nic none -kernel "$VM_DIR"/kernel/boot/vmlinuz-* \
		-initrd "$here/initrd.gz" -drive "file=$here/disk,format=raw,if=virtio,snapshot=on" \
		-virtfs local,path=/,mount_tag=root,security_model=passthrough,readonly=on,multidevs=remap \
		-append "console=ttyS0 quiet panic=-1 ${VM_APPEND:-apparmor=0} $(vm_boot_options "$1")" \
		</dev/null 2>&1 | sed -u 's/\r//g' >"$TMPDIR/console.txt"
	rm -rf "$here"
	status=$(sed -n 's/^VM_STATUS=\([0-9]*\)$/\1/p' "$TMPDIR/console.txt" | tail -n 1)
	return "${status:-125}"
}

# What the script printed, up to its end, so that the reason of a skip stays the last line; or all
# that the machine said when it came to no end.
vm_output() {
	if grep -q '^VM_STATUS=' "$TMPDIR/console.txt"; then
		sed '1,/VM_BEGIN$/d; /^VM_STATUS=/,$d' "$TMPDIR/console.txt"
	else
		tail -n 100 "$TMPDIR/console.txt"
		echo "the virtual machine came to no end"
	fi
}

# Several in one machine; each one's name and status, and of those that fail what they printed.
vm_run_tests() { # vm_run_tests MODE SECONDS PROGRAM…
	local mode=$1 seconds=$2 status
	shift 2
	{
		printf 'failed=0\nfor t in %s; do\n' "$*"
		cat <<-'GUEST'
			export TMPDIR=/run/t/${t##*/} HOME=/run/t/${t##*/}/home; mkdir -p "$HOME/.bot-bottle"
			export BOTTLE_HOME=$HOME/.bot-bottle
			bash "$t" >/run/t/out 2>&1; status=$?
			echo "$t: $(tail -n 1 /run/t/out) (status $status)"
			case $status in 0|77) ;; *) failed=1; grep -v '^ok' /run/t/out | tail -n 40 ;; esac
			done
			exit $failed
		GUEST
	} >"$TMPDIR/script"
	vm_run "$mode" "$TMPDIR/script" "$seconds"
	status=$?
	vm_output
	return $status
}

vm_run_test() { # vm_run_test MODE PROGRAM SECONDS
	local status
	printf 'exec bash "%s"\n' "$2" >"$TMPDIR/script"
	vm_run "$1" "$TMPDIR/script" "$3"
	status=$?
	vm_output
	return $status
}
