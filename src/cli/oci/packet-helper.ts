// The program that carries frames between a sandbox and the interfaces of its network namespace: Node has no packet sockets.
// man 7 packet, man 7 rtnetlink; Linux virtio_net.h (struct virtio_net_hdr).

/**
 * Says on a line of JSON what is there: interfaces, with their addresses, and routes. From then on frames
 * pass between standard streams and the interfaces: a length (u32, big-endian), the number of the interface, a virtio_net_hdr of 10 bytes, the
 * frame. The addresses stay where they are, for whoever takes the network down looks for them; but the host's kernel no longer takes them
 * for its own, and so answers to nobody.
 */
export const PACKET_HELPER = `
import json, os, select, socket, struct, sys

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, PACKET_OUTGOING = 263, 15, 23, 4
LINKS, ADDRESSES, ADD, DELETE, ROUTES = 18, 22, 24, 25, 26
REQUEST, ACK, CREATE, DUMP = 1, 4, 0x400, 0x300
UNICAST, LOCAL_TYPE, MULTICAST, BLACKHOLE = 1, 2, 5, 6
LOCAL, MAIN = 255, 254
FRAMES = 64

def ask(link, type, flags, body):
    link.send(struct.pack('=IHHII', 16 + len(body), type, REQUEST | flags, 1, 0) + body)
    found = []
    while True:
        data = link.recv(1 << 17)
        while data:
            size, type, _, _, _ = struct.unpack_from('=IHHII', data)
            message, data = data[16:size], data[size + 3 & ~3:]
            if type in (2, 3): return found
            found.append(message)

def attributes(data):
    found = {}
    while len(data) >= 4:
        size, type = struct.unpack_from('=HH', data)
        if size < 4: break
        found[type & 0x3fff] = data[4:size]
        data = data[size + 3 & ~3:]
    return found

def attribute(type, value): return struct.pack('=HH', 4 + len(value), type) + value + bytes(-len(value) % 4)
def number(value): return struct.unpack('=I', value)[0]
def text(value): return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)

def change(link, what, family, to, bits, kind, index=None):
    scope = 255 if what == DELETE and family == socket.AF_INET else 0
    route = struct.pack('=BBBBBBBBI', family, bits, 0, 0, LOCAL, 3 if what == ADD else 0, scope, kind, 0) + attribute(1, to)
    if index is not None: route += attribute(4, struct.pack('=I', index))
    ask(link, what, ACK | (CREATE if what == ADD else 0), route)

def survey(link):
    interfaces, routes = {}, []
    for message in ask(link, LINKS, DUMP, bytes(16)):
        _, kind, index, flags, _ = struct.unpack_from('=BxHiII', message)
        of = attributes(message[16:])
        if kind == 1 and flags & 1:
            interfaces[index] = {'name': of[3].rstrip(b'\\0').decode(), 'station': of[1].hex(':'), 'mtu': number(of[4]), 'addresses': []}
    for message in ask(link, ADDRESSES, DUMP, bytes(8)):
        family, bits, _, scope, index = struct.unpack_from('=BBBBI', message)
        of = attributes(message[8:])
        own = of.get(2) or of.get(1)
        if index not in interfaces or own is None: continue
        address = {'address': '%s/%d' % (text(own), bits)}
        if 4 in of: address['broadcast'] = text(of[4])
        if scope == 0: interfaces[index]['addresses'].append(address)
        change(link, DELETE, family, own, len(own) * 8, LOCAL_TYPE, index)
        # what comes for it must not be forwarded either
        change(link, ADD, family, own, len(own) * 8, BLACKHOLE)
    for index in interfaces:
        change(link, DELETE, socket.AF_INET6, b'\\xff' + bytes(15), 8, MULTICAST, index)
    for message in ask(link, ROUTES, DUMP, bytes(12)):
        family, bits, _, _, table, protocol, _, kind, _ = struct.unpack_from('=BBBBBBBBI', message)
        of = attributes(message[12:])
        if table != MAIN or kind != UNICAST or protocol == 2 or 4 not in of or number(of[4]) not in interfaces: continue
        to = text(of[1]) if 1 in of else '0.0.0.0' if family == socket.AF_INET else '::'
        route = {'destination': '%s/%d' % (to, bits), 'interface': interfaces[number(of[4])]['name'], 'metric': number(of[6]) if 6 in of else 0}
        if 5 in of: route['gateway'] = text(of[5])
        routes.append(route)
    return list(interfaces.values()), routes

def say(value): os.write(1, (json.dumps(value) + '\\n').encode())

def opened(name):
    card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    card.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    try: card.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    except OSError: pass
    card.bind((name, 3))
    card.setblocking(False)
    return card

def put(data):
    view = memoryview(data)
    while view: view = view[os.write(1, view):]

try:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.bind((0, 0))
        interfaces, routes = survey(link)
    cards = [opened(interface['name']) for interface in interfaces]
    say({'interfaces': interfaces, 'routes': routes})
except OSError as error:
    say({'error': str(error)})
    sys.exit(1)

held = b''
while True:
    for ready in select.select([0, *cards], [], [])[0]:
        if ready == 0:
            data = os.read(0, 1 << 18)
            if not data: sys.exit(0)
            held += data
            at = 0
            while len(held) - at >= 4:
                end = at + 4 + int.from_bytes(held[at:at + 4], 'big')
                if end > len(held): break
                try: cards[held[at + 4]].send(held[at + 5:end])
                except (OSError, IndexError): pass
                at = end
            held = held[at:]
            continue
        found = []
        for _ in range(FRAMES):
            try: frame, (_, _, kind, _, _) = ready.recvfrom(1 << 17)
            except OSError: break
            if kind != PACKET_OUTGOING: found += [(1 + len(frame)).to_bytes(4, 'big'), bytes([cards.index(ready)]), frame]
        if found: put(b''.join(found))
`;
