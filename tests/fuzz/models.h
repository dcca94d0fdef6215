#ifndef TESTS_FUZZ_MODELS_H
#define TESTS_FUZZ_MODELS_H

/*
 * What the documents of the runtime are made of, for the mutator (tests/fuzz/json_mutator.h): JSON
 * in which a leaf tells what may stand there: "a|b|c" one of these words, "#0|1000" one of these
 * numbers, "?" a boolean; an array has one element, the model of all; the member "*" is any name,
 * and "*a|b" one of these names.
 */

#define M_INT32 "\"#0|1|-1|1000|65534|65535|65536|2147483647|4294967294|4294967295|4294967296\""
#define M_INT64                                                                                    \
	"\"#0|1|-1|2|100|1024|4096|100000|1000000|262144|536870912|9223372036854775807|-"          \
	"9223372036"                                                                               \
	"854775808|18446744073709551615|18446744073709551616\""
#define M_PATH                                                                                     \
	"\"/|/a|/proc|/proc/self|/sys|/sys/fs/cgroup|/dev|/dev/null|/dev/pts|/tmp|/etc/hosts|/"    \
	"etc/"                                                                                     \
	"resolv.conf|..|../..|a|.||/a/../b|//a//b/|/run/docker.sock|/proc/1/ns/net\""
#define M_WORD "\"a|b|A=B|NAME=value|PATH=/bin|=|x y|%s%n|-|--|\\u00e4|/bin/sh\""

#define M_IDMAPS "[{\"containerID\": " M_INT32 ", \"hostID\": " M_INT32 ", \"size\": " M_INT32 "}]"

#define M_CAPS                                                                                     \
	"[\"CAP_CHOWN|CAP_SYS_ADMIN|CAP_KILL|cap_kill|CAP_BPF|CAP_NET_RAW|CAP_NONE|1|CAP_"         \
	"SETPCAP\"]"

#define MODEL_PROCESS                                                                              \
	"{\"terminal\": \"?\", \"consoleSize\": {\"height\": " M_INT32 ", \"width\": " M_INT32     \
	"}, \"user\": {\"uid\": " M_INT32 ", \"gid\": " M_INT32 ", \"umask\": " M_INT32            \
	", \"additionalGids\": [" M_INT32 "], \"username\": \"root\"}, \"args\": [" M_WORD         \
	"], \"env\": [" M_WORD "], \"cwd\": " M_PATH ", \"capabilities\": {\"bounding\": " M_CAPS  \
	", \"effective\": " M_CAPS ", \"permitted\": " M_CAPS ", \"inheritable\": " M_CAPS         \
	", \"ambient\": " M_CAPS "}, \"rlimits\": [{\"type\": \"RLIMIT_CORE|RLIMIT_NOFILE|RLIMIT_" \
	"NPROC|RLIMIT_NONE\", \"soft\": " M_INT64 ", \"hard\": " M_INT64                           \
	"}], \"noNewPrivileges\": \"?\", \"apparmorProfile\": \"unconfined|docker-default|\", "    \
	"\"selinuxLabel\": \"system_u:system_r:container_t:s0|\", \"oomScoreAdj\": "               \
	"\"#0|-1000|1000|1001|-1001\", \"scheduler\": {\"policy\": \"SCHED_OTHER|SCHED_FIFO|"      \
	"SCHED_DEADLINE|SCHED_IDLE|SCHED_NONE\", \"nice\": " M_INT32 ", \"priority\": " M_INT32    \
	", \"flags\": [\"SCHED_FLAG_RESET_ON_FORK|SCHED_FLAG_NONE\"], \"runtime\": " M_INT64       \
	", \"deadline\": " M_INT64 ", \"period\": " M_INT64 "}, \"ioPriority\": {\"class\": "      \
	"\"IOPRIO_CLASS_RT|IOPRIO_CLASS_BE|IOPRIO_CLASS_IDLE|x\", \"priority\": \"#0|7|8|-1\"}, "  \
	"\"execCPUAffinity\": {\"initial\": \"0|0-1|0-|x|0,1-3|99999\", \"final\": \"0|1-0|,\"}}"

#define M_RATES(what)                                                                              \
	"[{\"major\": \"#8|0|-1|4294967296\", \"minor\": \"#0|1|-1\", \"" what "\": " M_INT64 "}]"

#define MODEL_RESOURCES                                                                               \
	"{\"devices\": [{\"allow\": \"?\", \"type\": \"a|b|c|u|\", \"major\": \"#-1|0|1|5|136|"       \
	"4294967295\", \"minor\": \"#-1|0|3|5\", \"access\": \"rwm|r|w|m|rw||rwmx|rr\"}], "           \
	"\"memory\": {\"limit\": " M_INT64 ", \"reservation\": " M_INT64 ", \"swap\": " M_INT64       \
	", \"kernel\": " M_INT64 ", \"kernelTCP\": " M_INT64 ", \"swappiness\": " M_INT64             \
	", \"disableOOMKiller\": \"?\", \"useHierarchy\": \"?\", \"checkBeforeUpdate\": \"?\"}, "     \
	"\"cpu\": {\"shares\": " M_INT64 ", \"quota\": " M_INT64 ", \"burst\": " M_INT64              \
	", \"period\": " M_INT64 ", \"realtimeRuntime\": " M_INT64                                    \
	", \"realtimePeriod\": " M_INT64                                                              \
	", \"cpus\": \"0|0-1|x||0-99999\", \"mems\": \"0|x|\", \"idle\": " M_INT64 "}, "              \
	"\"pids\": {\"limit\": " M_INT64 "}, \"blockIO\": {\"weight\": " M_INT64                      \
	", \"leafWeight\": " M_INT64 ", \"weightDevice\": " M_RATES(                                  \
		"weight") ", "                                                                        \
			  "\"throttleReadBpsDevice\": " M_RATES(                                      \
				  "rate") ", "                                                        \
					  "\"throttleWriteBpsDevice\":"                               \
					  " " M_RATES(                                                \
						  "rate") ", "                                        \
							  "\"throttleR"                               \
							  "eadIOPSDevi"                               \
							  "ce\":"                                     \
							  " " M_RATES(                                \
								  "rate") ", "                        \
									  "\"throttleWriteIOPSDev"    \
									  "ice\": " M_RATES(          \
										  "rate") "}, "       \
											  "\"huge"    \
											  "pageLi"    \
											  "mits\""    \
											  ": "        \
											  "[{"        \
											  "\"page"    \
											  "Size\""    \
											  ": "        \
											  "\"2MB|"    \
											  "1GB|"      \
											  "64KB|"     \
											  "x|../"     \
											  "x|\", "    \
											  "\"limi"    \
											  "t\":"      \
											  " " M_INT64 \
											  "}], "      \
											  "\"netw"    \
											  "ork\":"    \
											  " {"        \
											  "\"clas"    \
											  "sID\":"    \
											  " " M_INT64 \
											  ", "        \
											  "\"prio"    \
											  "rities"    \
											  "\": "      \
											  "[{"        \
											  "\"name"    \
											  "\": "      \
											  "\"lo|"     \
											  "eth0|"     \
											  "\", "      \
											  "\"prio"    \
											  "rity\""    \
											  ":"         \
											  " " M_INT32 \
											  "}]}, "     \
											  "\"rdma"    \
											  "\": "      \
											  "{\"*"      \
											  "mlx5_"     \
											  "1|"        \
											  "hfi1\""    \
											  ": "        \
											  "{\"hca"    \
											  "Handle"    \
											  "s\":"      \
											  " " M_INT32 \
											  ", "        \
											  "\"hcaO"    \
											  "bjects"    \
											  "\":"       \
											  " " M_INT32 \
											  "}}, "      \
											  "\"unif"    \
											  "ied\":"    \
											  " {\"*"     \
											  "memory"    \
											  ".high|"    \
											  "cpu."      \
											  "weight"    \
											  "|pids."    \
											  "max|.."    \
											  "/x|a/"     \
											  "b|x\":"    \
											  " \"max"    \
											  "|1|"       \
											  "100\"}"    \
											  "}"

#define MODEL_SECCOMP                                                                              \
	"{\"defaultAction\": " M_ACTION ", \"defaultErrnoRet\": " M_INT32 ", \"architectures\": "  \
	"[\"SCMP_ARCH_X86_64|SCMP_ARCH_X86|SCMP_ARCH_X32|SCMP_ARCH_ARM|SCMP_ARCH_AARCH64|SCMP_"    \
	"ARCH_"                                                                                    \
	"S390X|SCMP_ARCH_PPC64LE|SCMP_ARCH_NONE\"], \"flags\": "                                   \
	"[\"SECCOMP_FILTER_FLAG_LOG|SECCOMP_"                                                      \
	"FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_NONE\"], \"listenerPath\": " M_PATH                 \
	", \"listenerMetadata\": " M_WORD                                                          \
	", \"syscalls\": [{\"names\": [\"read|write|getpid|clone|"                                 \
	"socket|personality|ioctl|no_such_call|openat2|mmap\"], \"action\": " M_ACTION             \
	", \"errnoRet\": " M_INT32                                                                 \
	", \"args\": [{\"index\": \"#0|1|2|3|4|5|6\", \"value\": " M_INT64                         \
	", \"valueTwo\": " M_INT64 ", \"op\": \"SCMP_CMP_NE|SCMP_CMP_LT|SCMP_CMP_LE|SCMP_CMP_EQ|"  \
	"SCMP_CMP_GE|SCMP_CMP_GT|SCMP_CMP_MASKED_EQ|SCMP_CMP_NONE\"}]}]}"
#define M_ACTION                                                                                   \
	"\"SCMP_ACT_ALLOW|SCMP_ACT_ERRNO|SCMP_ACT_KILL|SCMP_ACT_KILL_PROCESS|SCMP_ACT_TRAP|SCMP_"  \
	"ACT_"                                                                                     \
	"TRACE|SCMP_ACT_LOG|SCMP_ACT_NOTIFY|SCMP_ACT_NONE\""

#define M_HOOK                                                                                     \
	"[{\"path\": " M_PATH ", \"args\": [" M_WORD "], \"env\": [" M_WORD                        \
	"], \"timeout\": " M_INT64 "}]"

#define M_OPTIONS                                                                                  \
	"[\"bind|rbind|ro|rro|rw|nosuid|noexec|nodev|rnodev|idmap|ridmap|private|rshared|remount|" \
	"tmpcopyup|copy-symlink|mode=755|size=64k|newinstance|sync|relatime|strictatime|x|=|size=" \
	"\"]"

#define MODEL_CONFIG                                                                               \
	"{\"ociVersion\": \"1.0.0|1.2.0|1.3.0|2.0.0|1.|x\", \"root\": {\"path\": " M_PATH          \
	", \"readonly\": \"?\"}, \"hostname\": " M_WORD ", \"domainname\": " M_WORD                \
	", \"process\": " MODEL_PROCESS ", \"mounts\": [{\"destination\": " M_PATH                 \
	", \"type\": \"bind|tmpfs|proc|sysfs|cgroup|cgroup2|mqueue|devpts|overlay|none|\", "       \
	"\"source\": " M_PATH ", \"options\": " M_OPTIONS ", \"uidMappings\": " M_IDMAPS           \
	", \"gidMappings\": " M_IDMAPS "}], \"hooks\": {\"prestart\": " M_HOOK                     \
	", \"createRuntime\": " M_HOOK ", \"createContainer\": " M_HOOK                            \
	", \"startContainer\": " M_HOOK ", \"poststart\": " M_HOOK ", \"poststop\": " M_HOOK       \
	"}, \"annotations\": "                                                                     \
	"{\"*dev.bottle.bottles|run.oci.hooks.stdout|org.criu.config|io.kubernetes.cri."           \
	"container-type|run.oci.handler|a\": \"b|0|1|container|\"}, \"linux\": {\"namespaces\": "  \
	"[{\"type\": \"mount|pid|network|ipc|uts|user|cgroup|time|x\", \"path\": " M_PATH          \
	"}], \"uidMappings\": " M_IDMAPS ", \"gidMappings\": " M_IDMAPS ", \"timeOffsets\": "      \
	"{\"*monotonic|boottime|realtime\": {\"secs\": " M_INT64 ", \"nanosecs\": " M_INT64        \
	"}}, \"devices\": [{\"path\": " M_PATH ", \"type\": \"c|b|u|p|x|\", \"major\": " M_INT32   \
	", \"minor\": " M_INT32 ", \"fileMode\": " M_INT32 ", \"uid\": " M_INT32                   \
	", \"gid\": " M_INT32                                                                      \
	"}], \"cgroupsPath\": \"/a|a/b|../x|system.slice:p:n|a-b.slice:p:n|::|-.slice:|\", "       \
	"\"resources\": " MODEL_RESOURCES ", \"sysctl\": {\"*net.ipv4.ip_forward|kernel.shmmax|"   \
	"kernel.panic|net/ipv4/x|../x|user.x\": \"0|1|x\"}, \"seccomp\": " MODEL_SECCOMP           \
	", \"rootfsPropagation\": \"private|rshared|slave|unbindable|x|\", \"maskedPaths\": "      \
	"[" M_PATH "], \"readonlyPaths\": [" M_PATH                                                \
	"], \"mountLabel\": \"system_u:object_r:container_file_t:"                                 \
	"s0:c1,c2|\", \"personality\": {\"domain\": \"LINUX|LINUX32|x\", \"flags\": [\"x\"]}, "    \
	"\"intelRdt\": {\"closID\": \"a|../x|\", \"l3CacheSchema\": \"L3:0=f\", \"memBwSchema\": " \
	"\"MB:0=50\", \"schemata\": [\"L3:0=f\"], \"enableMonitoring\": \"?\"}, "                  \
	"\"memoryPolicy\": "                                                                       \
	"{\"mode\": \"MPOL_BIND|MPOL_DEFAULT|MPOL_INTERLEAVE|x\", \"nodes\": \"0|0-1|x|\", "       \
	"\"flags\": [\"MPOL_F_STATIC_NODES|x\"]}, \"netDevices\": {\"*eth0|lo|a/b\": {\"name\": "  \
	"\"eth1||a/b|averyveryverylongname\"}}}}"

#define MODEL_STATE                                                                                \
	"{\"ociVersion\": \"1.0.2\", \"id\": \"x\", \"status\": \"created|running\", "             \
	"\"pid\": " M_INT64 ", \"bundle\": " M_PATH ", \"rootfs\": " M_PATH ", \"created\": "      \
	"\"2020-01-01T00:00:00Z|x\", \"owner\": \"\", \"annotations\": {\"*a|b\": " M_WORD         \
	"}, \"bottleShim\": {\"startTime\": " M_INT64 ", \"namespaces\": " M_INT64                 \
	", \"hooks\": " M_INT32                                                                    \
	", \"systemdCgroup\": \"?\", \"cgroupAttempted\": \"?\", \"inBottle\": \"?\", "            \
	"\"bottleEnv\": [" M_WORD "], \"placeholders\": [" M_PATH "], \"slug\": " M_WORD           \
	", \"cgroup\": {\"manager\": \"cgroupfs|systemd|disabled|x\", \"unit\": " M_WORD           \
	", \"slice\": " M_WORD                                                                     \
	", \"hierarchies\": [{\"controllers\": \"cpu,cpuacct|name=systemd|\", "                    \
	"\"v2\": \"?\", \"mount\": " M_PATH ", \"root\": " M_PATH ", \"path\": " M_PATH            \
	", \"made\": " M_INT32 "}]}}}"

#endif
