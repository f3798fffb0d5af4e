// What can't be asked for, and what can't be asked for together, beside the limits of resources. Docker Engine API, HostConfig; messages are
// dockerd's.
import type { ContainerConfig, HostConfig } from './container-config.js';
import { InvalidParameter } from './errors.js';
import { checkLog } from './log-options.js';
import { signalOf } from './signals.js';

const IPC_MODES = /^(private|shareable|host|none|container:.+)$/;
const PID_MODES = /^(|host|container:.+)$/;
const OOM_SCORE_MAX = 1000;

const refuse = (message: string): never => {
  throw new InvalidParameter(message);
};

/** `config` as it was asked for, before its image completes it. Warnings. Throws InvalidParameter. */
export function checkHost(config: ContainerConfig, host: HostConfig): string[] {
  if (!IPC_MODES.test(host.IpcMode)) refuse(`invalid IPC mode: ${host.IpcMode}`);
  if (!PID_MODES.test(host.PidMode)) refuse(`invalid PID mode: ${host.PidMode}`);
  if (!['', 'host'].includes(host.UTSMode)) refuse(`invalid UTS mode: ${host.UTSMode}`);
  if (!['private', 'host'].includes(host.CgroupnsMode)) refuse(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/'))
    refuse(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  if (config.StopSignal) signalOf(config.StopSignal);
  if (Math.abs(host.OomScoreAdj) > OOM_SCORE_MAX)
    refuse(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  if (host.UTSMode === 'host' && config.Hostname) refuse('conflicting options: hostname and the UTS mode');
  checkNetworkMode(config, host);
  checkSysctls(host);
  return [...securityWarnings(host), ...checkLog(host.LogConfig)];
}

function checkNetworkMode(config: ContainerConfig, host: HostConfig): void {
  const has = (list: object | null | undefined): boolean => Object.keys(list ?? {}).length > 0;
  const conflict = (what: string, isSo: boolean): void => {
    if (isSo) refuse(`conflicting options: ${what}`);
  };
  const undefinedBehavior = "can't be used with links. This would result in undefined behavior";
  if (host.NetworkMode === 'host') conflict(`host type networking ${undefinedBehavior}`, has(host.Links));
  if (!/^container(:|$)/.test(host.NetworkMode)) return;
  if (!host.NetworkMode.slice('container:'.length))
    refuse('invalid network mode: invalid container format container:<name|id>');
  conflict('hostname and the network mode', config.Hostname !== '');
  conflict(`container type network ${undefinedBehavior}`, has(host.Links));
  conflict('dns and the network mode', has(host.Dns));
  conflict('custom host-to-IP mapping and the network mode', has(host.ExtraHosts));
  conflict('port publishing and the container type network mode', has(host.PortBindings) || host.PublishAllPorts);
  conflict('port exposing and the container type network mode', has(config.ExposedPorts));
}

/** What is the node's is not a container's to set. */
function checkSysctls({ Sysctls, NetworkMode, IpcMode }: HostConfig): void {
  for (const name of Object.keys(Sysctls)) {
    if (NetworkMode === 'host' && name.startsWith('net.'))
      refuse(`sysctl "${name}" not allowed in host network namespace`);
    if (IpcMode === 'host' && /^(kernel\.(msg|sem|shm)|fs\.mqueue)/.test(name))
      refuse(`sysctl "${name}" not allowed in host ipc namespace`);
  }
}

const KNOWN_OPTIONS =
  /^(no-new-privileges([:=](true|false))?|seccomp=.*|label[:=].*|apparmor[:=].*|systempaths=unconfined|writable-cgroups(=(true|false))?)$/s;

function securityWarnings({ SecurityOpt }: HostConfig): string[] {
  const warnings: string[] = [];
  for (const option of SecurityOpt ?? []) {
    if (!KNOWN_OPTIONS.test(option)) refuse(`invalid --security-opt: "${option}"`);
    const [, kind, value] = /^(apparmor|label)[:=](.*)$/s.exec(option) ?? [];
    if (kind === 'apparmor' && value !== '' && value !== 'unconfined')
      refuse(`AppArmor is not supported on this host, but the profile '${value}' was specified`);
    if (kind === 'label' && value !== 'disable')
      warnings.push(`SELinux is not supported on this host: --security-opt ${option} means nothing.`);
  }
  return warnings;
}
