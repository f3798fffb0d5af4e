// Made by scripts/gen-snapshot-modules.mjs: the modules whose classes, functions and constants a node's state may be made of.
// A class that is not here can't be written, which is said.
import * as abiI386I386 from '../abi/i386/i386.js';
import * as abiLayout from '../abi/layout.js';
import * as blockDisk from '../block/disk.js';
import * as blockDisks from '../block/disks.js';
import * as cgroupCgroup from '../cgroup/cgroup.js';
import * as cgroupCgroupNamespace from '../cgroup/cgroup-namespace.js';
import * as cgroupCpuState from '../cgroup/cpu-state.js';
import * as cgroupCpuset from '../cgroup/cpuset.js';
import * as cgroupHierarchy from '../cgroup/hierarchy.js';
import * as cgroupIoState from '../cgroup/io-state.js';
import * as cgroupMemoryProtection from '../cgroup/memory-protection.js';
import * as cgroupMemoryState from '../cgroup/memory-state.js';
import * as cgroupPids from '../cgroup/pids.js';
import * as cgroupPressure from '../cgroup/pressure.js';
import * as cgroupPressureTrigger from '../cgroup/pressure-trigger.js';
import * as clock from '../clock.js';
import * as fsAnonymous from '../fs/anonymous.js';
import * as fsCgroupfs from '../fs/cgroupfs.js';
import * as fsDevices from '../fs/devices.js';
import * as fsDevpts from '../fs/devpts.js';
import * as fsEpoll from '../fs/epoll.js';
import * as fsEventfd from '../fs/eventfd.js';
import * as fsFscontext from '../fs/fscontext.js';
import * as fsHostStream from '../fs/host-stream.js';
import * as fsHostfs from '../fs/hostfs.js';
import * as fsInotify from '../fs/inotify.js';
import * as fsKmsg from '../fs/kmsg.js';
import * as fsLayerfs from '../fs/layerfs.js';
import * as fsMqueuefs from '../fs/mqueuefs.js';
import * as fsNsfs from '../fs/nsfs.js';
import * as fsOverlayfs from '../fs/overlayfs.js';
import * as fsPidfd from '../fs/pidfd.js';
import * as fsPipe from '../fs/pipe.js';
import * as fsProcfsDescriptors from '../fs/procfs/descriptors.js';
import * as fsProcfsInodes from '../fs/procfs/inodes.js';
import * as fsProcfsMaps from '../fs/procfs/maps.js';
import * as fsProcfsMounts from '../fs/procfs/mounts.js';
import * as fsProcfsPressure from '../fs/procfs/pressure.js';
import * as fsProcfsProcessDirectory from '../fs/procfs/process-directory.js';
import * as fsProcfsProcfs from '../fs/procfs/procfs.js';
import * as fsProcfsSettingInode from '../fs/procfs/setting-inode.js';
import * as fsProcfsSubject from '../fs/procfs/subject.js';
import * as fsProcfsSysctlNet from '../fs/procfs/sysctl-net.js';
import * as fsProcfsSysctlUser from '../fs/procfs/sysctl-user.js';
import * as fsProcfsSystemDirectory from '../fs/procfs/system-directory.js';
import * as fsProcfsText from '../fs/procfs/text.js';
import * as fsSignalfd from '../fs/signalfd.js';
import * as fsStoreBlockAllocator from '../fs/store/block-allocator.js';
import * as fsStoreBlockData from '../fs/store/block-data.js';
import * as fsStoreBlockMap from '../fs/store/block-map.js';
import * as fsStoreLogRecords from '../fs/store/log-records.js';
import * as fsStoreStoreLog from '../fs/store/store-log.js';
import * as fsStoreStoredPages from '../fs/store/stored-pages.js';
import * as fsStoreStoredTree from '../fs/store/stored-tree.js';
import * as fsStoreStorefs from '../fs/store/storefs.js';
import * as fsSysfsSysfs from '../fs/sysfs/sysfs.js';
import * as fsSysfsTree from '../fs/sysfs/tree.js';
import * as fsTimerfd from '../fs/timerfd.js';
import * as fsTmpfs from '../fs/tmpfs.js';
import * as fsTmpfsInode from '../fs/tmpfs-inode.js';
import * as ipcIpcObject from '../ipc/ipc-object.js';
import * as ipcMessageQueues from '../ipc/message-queues.js';
import * as ipcSemaphores from '../ipc/semaphores.js';
import * as ipcSharedMemory from '../ipc/shared-memory.js';
import * as kernel from '../kernel.js';
import * as mmAddressSpace from '../mm/address-space.js';
import * as mmFrames from '../mm/frames.js';
import * as mmHeldMemory from '../mm/held-memory.js';
import * as mmPageCache from '../mm/page-cache.js';
import * as mmPageTable from '../mm/page-table.js';
import * as mmVmAreas from '../mm/vm-areas.js';
import * as netAddressing from '../net/addressing.js';
import * as netContainerNetwork from '../net/container-network.js';
import * as netCounters from '../net/counters.js';
import * as netDhcpClient from '../net/dhcp-client.js';
import * as netEthernetInterface from '../net/ethernet-interface.js';
import * as netFilterFlow from '../net/filter/flow.js';
import * as netFilterFlowTable from '../net/filter/flow-table.js';
import * as netFilterPacketFilter from '../net/filter/packet-filter.js';
import * as netIcmp from '../net/icmp.js';
import * as netInetDatagramSocket from '../net/inet/datagram-socket.js';
import * as netInetInetSocket from '../net/inet/inet-socket.js';
import * as netInetIpOptions from '../net/inet/ip-options.js';
import * as netInetPingSocket from '../net/inet/ping-socket.js';
import * as netInetPortTable from '../net/inet/port-table.js';
import * as netInetRawSocket from '../net/inet/raw-socket.js';
import * as netInetRawTable from '../net/inet/raw-table.js';
import * as netInetTcpBacklog from '../net/inet/tcp-backlog.js';
import * as netInetTcpEndpoint from '../net/inet/tcp-endpoint.js';
import * as netInetTcpOptions from '../net/inet/tcp-options.js';
import * as netInetTcpSocket from '../net/inet/tcp-socket.js';
import * as netInetTcpTable from '../net/inet/tcp-table.js';
import * as netInetUdpSocket from '../net/inet/udp-socket.js';
import * as netInetUdpTable from '../net/inet/udp-table.js';
import * as netInterface from '../net/interface.js';
import * as netInternet from '../net/internet.js';
import * as netLinkBridge from '../net/link/bridge.js';
import * as netLinkBridgePort from '../net/link/bridge-port.js';
import * as netLinkBridgeTable from '../net/link/bridge-table.js';
import * as netLinkCard from '../net/link/card.js';
import * as netLinkDummy from '../net/link/dummy.js';
import * as netLinkFrame from '../net/link/frame.js';
import * as netLinkFrameQueue from '../net/link/frame-queue.js';
import * as netLinkMacvlan from '../net/link/macvlan.js';
import * as netLinkVeth from '../net/link/veth.js';
import * as netLoopback from '../net/loopback.js';
import * as netNameService from '../net/name-service.js';
import * as netNameTable from '../net/name-table.js';
import * as netNeighbourTable from '../net/neighbour-table.js';
import * as netNetChanges from '../net/net-changes.js';
import * as netNetSettings from '../net/net-settings.js';
import * as netNetlinkMessage from '../net/netlink/message.js';
import * as netNetlinkNetlinkSocket from '../net/netlink/netlink-socket.js';
import * as netPacketPacketRing from '../net/packet/packet-ring.js';
import * as netPacketPacketSocket from '../net/packet/packet-socket.js';
import * as netPacketPacketTable from '../net/packet/packet-table.js';
import * as netPathMtus from '../net/path-mtus.js';
import * as netQueueFilter from '../net/queue/filter.js';
import * as netQueueFlower from '../net/queue/flower.js';
import * as netQueueFw from '../net/queue/fw.js';
import * as netQueueHtb from '../net/queue/htb.js';
import * as netQueueMatchall from '../net/queue/matchall.js';
import * as netQueuePrio from '../net/queue/prio.js';
import * as netQueueQdisc from '../net/queue/qdisc.js';
import * as netQueueRate from '../net/queue/rate.js';
import * as netQueueShaper from '../net/queue/shaper.js';
import * as netQueueTbf from '../net/queue/tbf.js';
import * as netQueueTrafficControl from '../net/queue/traffic-control.js';
import * as netQueueU32 from '../net/queue/u32.js';
import * as netQueueU32Table from '../net/queue/u32-table.js';
import * as netRoutes from '../net/routes.js';
import * as netSocket from '../net/socket.js';
import * as netUnixQueue from '../net/unix-queue.js';
import * as netUnixSocket from '../net/unix-socket.js';
import * as netUnixSockets from '../net/unix-sockets.js';
import * as nsIdMap from '../ns/id-map.js';
import * as nsIpcNamespace from '../ns/ipc-namespace.js';
import * as nsMountNamespace from '../ns/mount-namespace.js';
import * as nsNamespace from '../ns/namespace.js';
import * as nsNamespaceLimits from '../ns/namespace-limits.js';
import * as nsNetNamespace from '../ns/net-namespace.js';
import * as nsPidNamespace from '../ns/pid-namespace.js';
import * as nsTimeNamespace from '../ns/time-namespace.js';
import * as nsUserNamespace from '../ns/user-namespace.js';
import * as nsUtsNamespace from '../ns/uts-namespace.js';
import * as securityCapability from '../security/capability.js';
import * as securityCredentials from '../security/credentials.js';
import * as syscallsDispatch from '../syscalls/dispatch.js';
import * as syscallsStrace from '../syscalls/strace.js';
import * as syscallsTable from '../syscalls/table.js';
import * as taskChangeNotice from '../task/change-notice.js';
import * as taskFutex from '../task/futex.js';
import * as taskHostTimers from '../task/host-timers.js';
import * as taskIntervalTimer from '../task/interval-timer.js';
import * as taskJob from '../task/job.js';
import * as taskLimits from '../task/limits.js';
import * as taskLoadAverage from '../task/load-average.js';
import * as taskOwnerSignal from '../task/owner-signal.js';
import * as taskPiFutex from '../task/pi-futex.js';
import * as taskProcess from '../task/process.js';
import * as taskProcessTimers from '../task/process-timers.js';
import * as taskProcessor from '../task/processor.js';
import * as taskProgramPace from '../task/program-pace.js';
import * as taskRegisters from '../task/registers.js';
import * as taskRun from '../task/run.js';
import * as taskRunQueue from '../task/run-queue.js';
import * as taskScheduler from '../task/scheduler.js';
import * as taskSignalService from '../task/signal-service.js';
import * as taskSignalSet from '../task/signal-set.js';
import * as taskSignals from '../task/signals.js';
import * as taskStatistics from '../task/statistics.js';
import * as taskTask from '../task/task.js';
import * as taskTimers from '../task/timers.js';
import * as taskWaitQueue from '../task/wait-queue.js';
import * as ttyByteQueue from '../tty/byte-queue.js';
import * as ttyInput from '../tty/input.js';
import * as ttyOutput from '../tty/output.js';
import * as ttyTerminal from '../tty/terminal.js';
import * as ttyTerminalFile from '../tty/terminal-file.js';
import * as ttyTermios from '../tty/termios.js';
import * as vfsDentry from '../vfs/dentry.js';
import * as vfsDetachedTree from '../vfs/detached-tree.js';
import * as vfsFdTable from '../vfs/fd-table.js';
import * as vfsFileLocks from '../vfs/file-locks.js';
import * as vfsFileSystem from '../vfs/file-system.js';
import * as vfsInode from '../vfs/inode.js';
import * as vfsIo from '../vfs/io.js';
import * as vfsMount from '../vfs/mount.js';
import * as vfsMountTable from '../vfs/mount-table.js';
import * as vfsNotify from '../vfs/notify.js';
import * as vfsOpenFile from '../vfs/open-file.js';
import * as vfsPath from '../vfs/path.js';
import * as vfsPropagation from '../vfs/propagation.js';
import * as vfsRegularFile from '../vfs/regular-file.js';
import * as vfsVfs from '../vfs/vfs.js';
import * as virtualClock from '../virtual-clock.js';
import * as packetsReassembly from '../../net/reassembly.js';
import * as packetsTcpByteQueue from '../../net/tcp/byte-queue.js';
import * as packetsTcpConnection from '../../net/tcp/connection.js';
import * as packetsTcpReceiver from '../../net/tcp/receiver.js';
import * as packetsTcpSender from '../../net/tcp/sender.js';
import type { Modules } from './names.js';

export const MODULES: Modules = {
  'abi/i386/i386': abiI386I386,
  'abi/layout': abiLayout,
  'block/disk': blockDisk,
  'block/disks': blockDisks,
  'cgroup/cgroup': cgroupCgroup,
  'cgroup/cgroup-namespace': cgroupCgroupNamespace,
  'cgroup/cpu-state': cgroupCpuState,
  'cgroup/cpuset': cgroupCpuset,
  'cgroup/hierarchy': cgroupHierarchy,
  'cgroup/io-state': cgroupIoState,
  'cgroup/memory-protection': cgroupMemoryProtection,
  'cgroup/memory-state': cgroupMemoryState,
  'cgroup/pids': cgroupPids,
  'cgroup/pressure': cgroupPressure,
  'cgroup/pressure-trigger': cgroupPressureTrigger,
  clock,
  'fs/anonymous': fsAnonymous,
  'fs/cgroupfs': fsCgroupfs,
  'fs/devices': fsDevices,
  'fs/devpts': fsDevpts,
  'fs/epoll': fsEpoll,
  'fs/eventfd': fsEventfd,
  'fs/fscontext': fsFscontext,
  'fs/host-stream': fsHostStream,
  'fs/hostfs': fsHostfs,
  'fs/inotify': fsInotify,
  'fs/kmsg': fsKmsg,
  'fs/layerfs': fsLayerfs,
  'fs/mqueuefs': fsMqueuefs,
  'fs/nsfs': fsNsfs,
  'fs/overlayfs': fsOverlayfs,
  'fs/pidfd': fsPidfd,
  'fs/pipe': fsPipe,
  'fs/procfs/descriptors': fsProcfsDescriptors,
  'fs/procfs/inodes': fsProcfsInodes,
  'fs/procfs/maps': fsProcfsMaps,
  'fs/procfs/mounts': fsProcfsMounts,
  'fs/procfs/pressure': fsProcfsPressure,
  'fs/procfs/process-directory': fsProcfsProcessDirectory,
  'fs/procfs/procfs': fsProcfsProcfs,
  'fs/procfs/setting-inode': fsProcfsSettingInode,
  'fs/procfs/subject': fsProcfsSubject,
  'fs/procfs/sysctl-net': fsProcfsSysctlNet,
  'fs/procfs/sysctl-user': fsProcfsSysctlUser,
  'fs/procfs/system-directory': fsProcfsSystemDirectory,
  'fs/procfs/text': fsProcfsText,
  'fs/signalfd': fsSignalfd,
  'fs/store/block-allocator': fsStoreBlockAllocator,
  'fs/store/block-data': fsStoreBlockData,
  'fs/store/block-map': fsStoreBlockMap,
  'fs/store/log-records': fsStoreLogRecords,
  'fs/store/store-log': fsStoreStoreLog,
  'fs/store/stored-pages': fsStoreStoredPages,
  'fs/store/stored-tree': fsStoreStoredTree,
  'fs/store/storefs': fsStoreStorefs,
  'fs/sysfs/sysfs': fsSysfsSysfs,
  'fs/sysfs/tree': fsSysfsTree,
  'fs/timerfd': fsTimerfd,
  'fs/tmpfs': fsTmpfs,
  'fs/tmpfs-inode': fsTmpfsInode,
  'ipc/ipc-object': ipcIpcObject,
  'ipc/message-queues': ipcMessageQueues,
  'ipc/semaphores': ipcSemaphores,
  'ipc/shared-memory': ipcSharedMemory,
  kernel,
  'mm/address-space': mmAddressSpace,
  'mm/frames': mmFrames,
  'mm/held-memory': mmHeldMemory,
  'mm/page-cache': mmPageCache,
  'mm/page-table': mmPageTable,
  'mm/vm-areas': mmVmAreas,
  'net/addressing': netAddressing,
  'net/container-network': netContainerNetwork,
  'net/counters': netCounters,
  'net/dhcp-client': netDhcpClient,
  'net/ethernet-interface': netEthernetInterface,
  'net/filter/flow': netFilterFlow,
  'net/filter/flow-table': netFilterFlowTable,
  'net/filter/packet-filter': netFilterPacketFilter,
  'net/icmp': netIcmp,
  'net/inet/datagram-socket': netInetDatagramSocket,
  'net/inet/inet-socket': netInetInetSocket,
  'net/inet/ip-options': netInetIpOptions,
  'net/inet/ping-socket': netInetPingSocket,
  'net/inet/port-table': netInetPortTable,
  'net/inet/raw-socket': netInetRawSocket,
  'net/inet/raw-table': netInetRawTable,
  'net/inet/tcp-backlog': netInetTcpBacklog,
  'net/inet/tcp-endpoint': netInetTcpEndpoint,
  'net/inet/tcp-options': netInetTcpOptions,
  'net/inet/tcp-socket': netInetTcpSocket,
  'net/inet/tcp-table': netInetTcpTable,
  'net/inet/udp-socket': netInetUdpSocket,
  'net/inet/udp-table': netInetUdpTable,
  'net/interface': netInterface,
  'net/internet': netInternet,
  'net/link/bridge': netLinkBridge,
  'net/link/bridge-port': netLinkBridgePort,
  'net/link/bridge-table': netLinkBridgeTable,
  'net/link/card': netLinkCard,
  'net/link/dummy': netLinkDummy,
  'net/link/frame': netLinkFrame,
  'net/link/frame-queue': netLinkFrameQueue,
  'net/link/macvlan': netLinkMacvlan,
  'net/link/veth': netLinkVeth,
  'net/loopback': netLoopback,
  'net/name-service': netNameService,
  'net/name-table': netNameTable,
  'net/neighbour-table': netNeighbourTable,
  'net/net-changes': netNetChanges,
  'net/net-settings': netNetSettings,
  'net/netlink/message': netNetlinkMessage,
  'net/netlink/netlink-socket': netNetlinkNetlinkSocket,
  'net/packet/packet-ring': netPacketPacketRing,
  'net/packet/packet-socket': netPacketPacketSocket,
  'net/packet/packet-table': netPacketPacketTable,
  'net/path-mtus': netPathMtus,
  'net/queue/filter': netQueueFilter,
  'net/queue/flower': netQueueFlower,
  'net/queue/fw': netQueueFw,
  'net/queue/htb': netQueueHtb,
  'net/queue/matchall': netQueueMatchall,
  'net/queue/prio': netQueuePrio,
  'net/queue/qdisc': netQueueQdisc,
  'net/queue/rate': netQueueRate,
  'net/queue/shaper': netQueueShaper,
  'net/queue/tbf': netQueueTbf,
  'net/queue/traffic-control': netQueueTrafficControl,
  'net/queue/u32': netQueueU32,
  'net/queue/u32-table': netQueueU32Table,
  'net/routes': netRoutes,
  'net/socket': netSocket,
  'net/unix-queue': netUnixQueue,
  'net/unix-socket': netUnixSocket,
  'net/unix-sockets': netUnixSockets,
  'ns/id-map': nsIdMap,
  'ns/ipc-namespace': nsIpcNamespace,
  'ns/mount-namespace': nsMountNamespace,
  'ns/namespace': nsNamespace,
  'ns/namespace-limits': nsNamespaceLimits,
  'ns/net-namespace': nsNetNamespace,
  'ns/pid-namespace': nsPidNamespace,
  'ns/time-namespace': nsTimeNamespace,
  'ns/user-namespace': nsUserNamespace,
  'ns/uts-namespace': nsUtsNamespace,
  'security/capability': securityCapability,
  'security/credentials': securityCredentials,
  'syscalls/dispatch': syscallsDispatch,
  'syscalls/strace': syscallsStrace,
  'syscalls/table': syscallsTable,
  'task/change-notice': taskChangeNotice,
  'task/futex': taskFutex,
  'task/host-timers': taskHostTimers,
  'task/interval-timer': taskIntervalTimer,
  'task/job': taskJob,
  'task/limits': taskLimits,
  'task/load-average': taskLoadAverage,
  'task/owner-signal': taskOwnerSignal,
  'task/pi-futex': taskPiFutex,
  'task/process': taskProcess,
  'task/process-timers': taskProcessTimers,
  'task/processor': taskProcessor,
  'task/program-pace': taskProgramPace,
  'task/registers': taskRegisters,
  'task/run': taskRun,
  'task/run-queue': taskRunQueue,
  'task/scheduler': taskScheduler,
  'task/signal-service': taskSignalService,
  'task/signal-set': taskSignalSet,
  'task/signals': taskSignals,
  'task/statistics': taskStatistics,
  'task/task': taskTask,
  'task/timers': taskTimers,
  'task/wait-queue': taskWaitQueue,
  'tty/byte-queue': ttyByteQueue,
  'tty/input': ttyInput,
  'tty/output': ttyOutput,
  'tty/terminal': ttyTerminal,
  'tty/terminal-file': ttyTerminalFile,
  'tty/termios': ttyTermios,
  'vfs/dentry': vfsDentry,
  'vfs/detached-tree': vfsDetachedTree,
  'vfs/fd-table': vfsFdTable,
  'vfs/file-locks': vfsFileLocks,
  'vfs/file-system': vfsFileSystem,
  'vfs/inode': vfsInode,
  'vfs/io': vfsIo,
  'vfs/mount': vfsMount,
  'vfs/mount-table': vfsMountTable,
  'vfs/notify': vfsNotify,
  'vfs/open-file': vfsOpenFile,
  'vfs/path': vfsPath,
  'vfs/propagation': vfsPropagation,
  'vfs/regular-file': vfsRegularFile,
  'vfs/vfs': vfsVfs,
  'virtual-clock': virtualClock,
  '../net/reassembly': packetsReassembly,
  '../net/tcp/byte-queue': packetsTcpByteQueue,
  '../net/tcp/connection': packetsTcpConnection,
  '../net/tcp/receiver': packetsTcpReceiver,
  '../net/tcp/sender': packetsTcpSender,
};
