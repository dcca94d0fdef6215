# shellcheck shell=bash
# An ordinary user for tests, "bottler", with subordinate ids: in a private /etc, so only in a mount
# namespace of the test's own.
#
#	rootless_scratch        after runtime.sh: a private /etc and the user
#	rootless_user           where /etc is private already (world.sh)
#	rootless_world          the same, and the user is the operator of the world's bottles
#	rootless_own            what root made in his home since is his
#	rootless_range N        N subordinate ids from now on (0: none)
#	as_user COMMAND…        runs it as that user, in an environment of its own and ROOTLESS_ENV
#
. "$(dirname "${BASH_SOURCE[0]}")/wait.sh"
# shellcheck disable=SC2034
ROOTLESS_UID=4242 ROOTLESS_GID=4243 ROOTLESS_FIRST=300000
# A place that every user can reach, wherever the test's own is.
ROOTLESS_HOME=/mnt/bottler ROOTLESS_RUN=/mnt/bottler.run ROOTLESS_SHARED=/mnt/bottler.shared
ROOTLESS_ENV=()

rootless_scratch() {
	umask 022
	mount -t tmpfs -o mode=755 own /mnt
	mkdir /mnt/etc.upper /mnt/etc.work /mnt/bin
	mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc.upper,workdir=/mnt/etc.work own-etc /etc
	# A build folder in a home directory is root's alone.
	mount --bind "$(dirname "$(command -v bottle-shim)")" /mnt/bin
	mount -o remount,bind,ro /mnt/bin
	PATH=/mnt/bin:$PATH
	rootless_user
}

rootless_user() {
	mountpoint -q /mnt || mount -t tmpfs -o mode=755 own /mnt
	rootless_range 65536
	printf 'bottler:x:%s:%s::%s:/bin/sh\n' $ROOTLESS_UID $ROOTLESS_GID $ROOTLESS_HOME >>/etc/passwd
	printf 'bottler:x:%s:\n' $ROOTLESS_GID >>/etc/group
	install -d -m 700 -o $ROOTLESS_UID -g $ROOTLESS_GID $ROOTLESS_HOME $ROOTLESS_RUN
	install -d -m 1777 $ROOTLESS_SHARED
}

# In the world: the user is the operator.
rootless_world() {
	rootless_user
	BOTTLE_HOME=$ROOTLESS_HOME/.bot-bottle
	mkdir -p "$BOTTLE_HOME/bottles" "$BOTTLE_HOME/agents" "$BOTTLE_HOME/secrets"
	cp "$WORLD_IDENTITY" $ROOTLESS_HOME/identity
	WORLD_IDENTITY=$ROOTLESS_HOME/identity
	rootless_own
}

# What root made in the user's home is his.
rootless_own() { chown -R -h $ROOTLESS_UID:$ROOTLESS_GID $ROOTLESS_HOME && chmod -R go-w "$BOTTLE_HOME"; }

rootless_range() {
	local f
	for f in /etc/subuid /etc/subgid; do
		if [ "$1" = 0 ]; then : >$f; else printf 'bottler:%s:%s\n' $ROOTLESS_FIRST "$1" >$f; fi
	done
}

rootless_words() {
	rootless_argv=(setpriv --reuid $ROOTLESS_UID --regid $ROOTLESS_GID --clear-groups --inh-caps=-all --
		env -i "PATH=$PATH" "HOME=$ROOTLESS_HOME" "XDG_RUNTIME_DIR=$ROOTLESS_RUN" LC_ALL=C "${ROOTLESS_ENV[@]}")
}

as_user() { rootless_words; "${rootless_argv[@]}" "$@"; }

# The words in front of a command, for a shell to read again.
as_user_words() { rootless_words; printf '%q ' "${rootless_argv[@]}"; }
