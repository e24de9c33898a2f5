# Sends segments that nobody should, from an address of its own, and prints what comes back: one `case: answer` a line.
import logging, select, sys, time
logging.disable(logging.CRITICAL)
from scapy.all import *
conf.verb = 0

lab, us, mac, interface = sys.argv[1], '10.77.0.9', '02:00:00:00:00:09', 'peer0'
link = conf.L2socket(iface=interface)
lab_mac = '02:00:00:00:00:02'
port = 20000


def frame(tcp, payload=b'', source=us, destination=lab, link_destination=lab_mac):
    return Ether(src=mac, dst=link_destination) / IP(src=source, dst=destination) / tcp / payload


def answer(frames, wait):
    """Sends and gives the first segment that comes back for the port, or None."""
    for each in frames:
        link.send(each)
    end = time.time() + wait
    while time.time() < end:
        if not select.select([link.ins], [], [], max(0, end - time.time()))[0]:
            return None
        got = link.recv()
        if got is None:
            continue
        if ARP in got and got[ARP].op == 1 and got[ARP].pdst == us:
            link.send(Ether(src=mac, dst=got[ARP].hwsrc) / ARP(op=2, hwsrc=mac, psrc=us, hwdst=got[ARP].hwsrc, pdst=got[ARP].psrc))
        if TCP in got and got[IP].src == lab and got[IP].dst == us and got[TCP].dport == port:
            return got[TCP]
    return None


def tell(name, frames, tcp, wait=0.25):
    got = answer(frames if isinstance(frames, list) else [frames], wait)
    if got is None:
        words = 'silence'
    elif 'A' in str(got.flags):
        words = '%s ack=seq+%d' % (got.flags, (got.ack - tcp.seq) % 2**32)
    else:
        words = '%s seq=%s' % (got.flags, 'ack' if got.seq == tcp.ack else got.seq)
    print('%s: %s' % (name, words))
    return got


def case(name, to, flags, payload=b'', wait=0.25, **fields):
    """One segment from a fresh port; what it may have begun is undone."""
    global port
    port += 1
    tcp = TCP(sport=port, dport=to, seq=1000, ack=5000, flags=flags, window=65535, **fields)
    got = tell(name, frame(tcp, payload), tcp, wait)
    if got is not None and 'S' in str(got.flags):
        link.send(frame(TCP(sport=port, dport=to, seq=got.ack, flags='R')))


# The lab learns who we are.
link.send(Ether(src=mac, dst='ff:ff:ff:ff:ff:ff') / ARP(op=1, hwsrc=mac, psrc=us, pdst=lab))
time.sleep(0.1)

case('LISTEN, no flags', 7, '')
case('LISTEN, RST', 7, 'R')
case('LISTEN, SYN+RST', 7, 'SR')
case('LISTEN, every flag', 7, 'FSRPAUEC')
case('LISTEN, FIN', 7, 'F')
case('LISTEN, ACK', 7, 'A')
case('LISTEN, SYN+ACK', 7, 'SA')
case('LISTEN, SYN', 7, 'S', wait=1)
case('LISTEN, SYN+FIN', 7, 'SF', wait=1)
case('LISTEN, SYN with data', 7, 'S', b'early', wait=1)
case('LISTEN, SYN with reserved bits', 7, 'S', reserved=7, wait=1)


def raw_options(name, options, wait=1):
    global port
    port += 1
    tcp = TCP(sport=port, dport=7, seq=1000, flags='S', window=65535, dataofs=5 + len(options) // 4)
    got = tell(name, frame(tcp, options), tcp, wait)
    if got is not None:
        link.send(frame(TCP(sport=port, dport=7, seq=got.ack, flags='R')))


raw_options('LISTEN, SYN with an option of length 0', bytes([2, 4, 5, 180, 3, 0, 1, 1]))
raw_options('LISTEN, SYN with an option beyond the header', bytes([2, 4, 5, 180, 3, 40, 1, 1]))
raw_options('LISTEN, SYN with unknown options', bytes([253, 4, 1, 2, 99, 6, 1, 2, 3, 4, 1, 1]))

port += 1
tcp = TCP(sport=port, dport=7, seq=1000, flags='S', window=65535)
got = tell('LISTEN, SYN in tiny fragments', fragment(frame(tcp), fragsize=8), tcp, 1)
if got is not None:
    link.send(frame(TCP(sport=port, dport=7, seq=got.ack, flags='R')))

case('LISTEN, SYN with a bad checksum', 7, 'S', chksum=1)
case('LISTEN, SYN with data offset 4', 7, 'S', dataofs=4)
case('LISTEN, SYN with data offset 15 of 5', 7, 'S', dataofs=15)
for name, source, destination, link_destination in (
    ('LISTEN, SYN to a broadcast address', us, '10.77.0.255', 'ff:ff:ff:ff:ff:ff'),
    ('LISTEN, SYN from a broadcast address', '255.255.255.255', lab, lab_mac),
    ('LISTEN, SYN from the host itself', lab, lab, lab_mac),
):
    port += 1
    tcp = TCP(sport=port, dport=7, seq=1000, flags='S')
    tell(name, frame(tcp, b'', source, destination, link_destination), tcp)

case('CLOSED, SYN', 81, 'S')
case('CLOSED, FIN', 81, 'F')
case('CLOSED, no flags and 5 bytes', 81, '', b'12345')
case('CLOSED, ACK', 81, 'A')
case('CLOSED, RST', 81, 'R')

port += 1
synack = answer([frame(TCP(sport=port, dport=7, seq=999, flags='S', window=65535))], 1)
ours, theirs, window = 1000, (synack.seq + 1) % 2**32, synack.window
answer([frame(TCP(sport=port, dport=7, seq=ours, ack=theirs, flags='A', window=65535))], 0.1)


def established(name, seq, flags, payload=b'', ack=None):
    tcp = TCP(sport=port, dport=7, seq=seq % 2**32, ack=theirs if ack is None else ack, flags=flags, window=65535)
    got = answer([frame(tcp, payload)], 0.25)
    if got is None:
        words = 'silence'
    elif got.flags == 'A' and got.seq == theirs and got.ack == ours:
        words = 'A challenge'
    elif 'A' in str(got.flags):
        words = 'A of %d' % ((got.ack - ours) % 2**32)
    else:
        words = '%s seq=%s' % (got.flags, 'ack' if got.seq == tcp.ack else got.seq)
    print('ESTABLISHED, %s: %s' % (name, words))


established('RST outside of the window', ours + window + 1000, 'R')
established('RST in the window', ours + 100, 'R')
established('SYN in the window', ours + 100, 'S')
established('SYN outside of the window', ours - 5000, 'S')
established('ACK of what was never sent', ours, 'A', ack=(theirs + 1000) % 2**32)
established('data outside of the window', ours + 2 * window, 'A', b'far')
established('no flags and data', ours, '', b'naked')
established('data', ours, 'PA', b'hello')
# The echo of the five bytes may have come with the ACK or behind it; what follows only looks at acknowledgments.
established('other data in the same place', ours, 'PA', b'HELLO')
established('RST at the right place', ours + 5, 'R')
tcp = TCP(sport=port, dport=7, seq=ours + 5, ack=theirs, flags='A')
tell('CLOSED after the RST, ACK', frame(tcp), tcp)
