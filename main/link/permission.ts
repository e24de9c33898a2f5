/** What a user does who may not open interfaces, for the platform: a command, or words where there is none. */
export function openHint(platform: NodeJS.Platform = process.platform): string {
  switch (platform) {
    case 'linux': return `sudo setcap cap_net_raw,cap_net_admin+eip ${process.execPath}`
    case 'darwin': return 'sudo chown "$USER" /dev/bpf*'
    case 'win32': return 'Npcap: "Restrict Npcap driver\'s access to Administrators only"'
    default: return 'root'
  }
}
