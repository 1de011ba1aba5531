/** The options of an NFS mount whose locks other machines do not see (nfs(5)). */
const LOCAL = /(?:^|,)(?:nolock|local_lock=(?:all|posix))(?:,|$)/;

/**
 * Whether files of `device` (`stat.dev`, of Linux) lie on NFS whose locks end at this machine, by what the kernel says of
 * its mounts (`mountinfo`, proc_pid_mountinfo(5)).
 */
export function isLockedHereOnly(mountinfo: string, device: bigint): boolean {
  const major = (device >> 8n) & 0xfffn;
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  return mountinfo.split('\n').some((line) => {
    const [mount = '', file = ''] = line.split(' - ');
    const [type = '', , options = ''] = file.split(' ');
    return mount.split(' ')[2] === `${major}:${minor}` && /^nfs4?$/.test(type) && LOCAL.test(options);
  });
}
