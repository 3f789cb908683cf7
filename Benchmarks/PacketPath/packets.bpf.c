/* The packets of the packet-path benchmark: where they come from, where they end.
 *
 * `source` runs as an XDP program on "live frames" (BPF_PROG_RUN): the kernel calls it for each frame of a batch, it writes a TCP packet
 * of the next flow into the frame, and XDP_PASS gives that to the stack as if it had just come in. No socket, no second machine, no
 * interrupt: all the work that a packet causes is done by the thread that asked for it, so its CPU time is the packet's.
 * `sink` counts and drops what leaves, before a driver or a queue is reached. While flows are being set up it answers as a server would.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#define PROGRAM(name) __attribute__((section("program-" #name), used)) int name
#define INLINE static inline __attribute__((always_inline))
#define SWAPPED16(value) __builtin_bswap16(value)
#define SWAPPED32(value) __builtin_bswap32(value)
#define MASK_OF_FLAGS SWAPPED16(0x00ff)
#define SYN SWAPPED16(0x0002)
#define SYN_ACK SWAPPED16(0x0012)

/* Shared with packet_source.py by mmap, which knows this layout. */
struct board {
    __u32 farms, flows;        /* flows: the power of two to choose from at random; 0 counts `next` up instead */
    __u32 next, verdict;
    __u16 flags;               /* network order */
    __u16 wide;                /* clients from anywhere in IPv4, instead of 198.18.0.0/15 */
    __u32 sequence, acknowledged;
    __u32 answers;             /* the sink answers instead of dropping */
    __u8 ethernet[12];         /* destination and source of the frames */
    __u64 left, arrived;       /* packets that left; of them those to a server, or replies that say they are from a listener */
    __u64 malformed;           /* of those that left: bad IP or TCP checksum, when `verifies` */
    __u32 verifies;
    __u32 replies;             /* the packets come from the farms' servers */
};

struct packet {
    struct iphdr ip;
    struct tcphdr tcp;
    __u16 payload[4];          /* with it no frame is so short that it ends in padding that IP would have to cut off */
};

static void *(*map_lookup_elem)(void *, const void *) = (void *)BPF_FUNC_map_lookup_elem;
static __u32 (*prandom)(void) = (void *)BPF_FUNC_get_prandom_u32;
static long (*redirect)(__u32, __u64) = (void *)BPF_FUNC_redirect;

/* The loader puts the map's descriptor where this number is: that saves a linker. */
INLINE struct board *the_board(void)
{
    __u32 zero = 0;
    void *map;
    asm volatile("%0 = 0x6d61700000000001 ll" : "=r"(map));
    return map_lookup_elem(map, &zero);
}

INLINE __u16 folded(__u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

INLINE __u64 sum_of_ip(struct iphdr *ip)
{
    __u16 *words = (__u16 *)ip;
    __u64 sum = 0;
#pragma unroll
    for (unsigned i = 0; i < sizeof(*ip) / 2; i++)
        sum += words[i];
    return sum;
}

INLINE __u64 sum_of_tcp(struct packet *packet)
{
    __u16 *words = (__u16 *)&packet->tcp;
    __u64 sum = (__u64)packet->ip.saddr + packet->ip.daddr;
    sum += SWAPPED16(IPPROTO_TCP) + SWAPPED16(sizeof(struct tcphdr) + sizeof(packet->payload));
#pragma unroll
    for (unsigned i = 0; i < (sizeof(struct tcphdr) + sizeof(packet->payload)) / 2; i++)
        sum += words[i];
    return sum;
}

INLINE void write_tcp(struct packet *packet, __u16 flags, __u32 sequence, __u32 acknowledged)
{
    packet->tcp.seq = sequence;
    packet->tcp.ack_seq = acknowledged;
    ((__u16 *)&packet->tcp)[6] = SWAPPED16(0x5000) | flags;
    packet->tcp.check = 0;
    packet->tcp.check = ~folded(sum_of_tcp(packet));
}

INLINE __u32 next_flow(struct board *board)
{
    return (board->flows ? prandom() & (board->flows - 1) : board->next++) * 0x9E3779B1;
}

/* Addresses and ports of backends are those of path_network.py. */
INLINE void write_reply(struct packet *packet, __u32 backend, __u32 client, __u16 port)
{
    __u32 machine = backend % 1000;
    packet->ip.saddr = SWAPPED32(0x0a000001 + (machine / 250 << 8) + machine % 250);
    packet->ip.daddr = client;
    packet->tcp.source = SWAPPED16(8000 + backend / 1000);
    packet->tcp.dest = port;
}

/* Any 32-bit flow is one client address of 198.18.0.0/15 and one port, no two alike; its farm is a hash of it. */
INLINE void write_addresses(struct packet *packet, struct board *board, __u32 flow)
{
    __u32 mixed = (flow ^ flow >> 16) * 0x85ebca6b;
    __u32 farm = (__u64)(mixed ^ mixed >> 13) * board->farms >> 32;
    __u32 client = board->wide ? mixed : SWAPPED32(0xc6120000 + (flow >> 15));
    __u16 port = SWAPPED16(1024 + (flow & 0x7fff));
    if (board->replies)
        return write_reply(packet, farm * 10 + mixed % 10, client, port);
    packet->ip.saddr = client;
    packet->ip.daddr = SWAPPED32(0xcb00000a + (farm / 250 << 16) + (farm % 250 << 8));
    packet->tcp.source = port;
    packet->tcp.dest = SWAPPED16(80);
}

INLINE void write_ip(struct packet *packet)
{
    __u32 *words = (__u32 *)&packet->ip;
    words[0] = SWAPPED32(0x45000000 | sizeof(*packet));
    words[1] = SWAPPED32(0x00004000);
    words[2] = SWAPPED32(0x40060000);
    packet->ip.check = ~folded(sum_of_ip(&packet->ip));
}

PROGRAM(source)(struct xdp_md *context)
{
    struct board *board = the_board();
    struct ethhdr *ethernet = (void *)(long)context->data;
    struct packet *packet = (void *)(ethernet + 1);
    if (!board || (void *)(packet + 1) > (void *)(long)context->data_end)
        return XDP_ABORTED;
    __builtin_memcpy(ethernet, board->ethernet, sizeof(board->ethernet));
    ethernet->h_proto = SWAPPED16(ETH_P_IP);
    write_addresses(packet, board, next_flow(board));
    write_ip(packet);
    packet->tcp.window = 0xffff;
    packet->tcp.urg_ptr = 0;
    __builtin_memset(packet->payload, 0, sizeof(packet->payload));
    write_tcp(packet, board->flags, board->sequence, board->acknowledged);
    return board->verdict;
}

INLINE int answered(struct ethhdr *ethernet, struct packet *packet, __u32 device)
{
    __u8 mac[ETH_ALEN];
    __u32 address = packet->ip.saddr;
    __u16 port = packet->tcp.source;
    if ((((__u16 *)&packet->tcp)[6] & MASK_OF_FLAGS) != SYN)
        return TC_ACT_SHOT;
    __builtin_memcpy(mac, ethernet->h_dest, ETH_ALEN);
    __builtin_memcpy(ethernet->h_dest, ethernet->h_source, ETH_ALEN);
    __builtin_memcpy(ethernet->h_source, mac, ETH_ALEN);
    packet->ip.saddr = packet->ip.daddr;
    packet->ip.daddr = address;
    packet->tcp.source = packet->tcp.dest;
    packet->tcp.dest = port;
    write_tcp(packet, SYN_ACK, SWAPPED32(5000), SWAPPED32(SWAPPED32(packet->tcp.seq) + 1 + sizeof(packet->payload)));
    return redirect(device, BPF_F_INGRESS);
}

PROGRAM(sink)(struct __sk_buff *context)
{
    struct board *board = the_board();
    struct ethhdr *ethernet = (void *)(long)context->data;
    struct packet *packet = (void *)(ethernet + 1);
    if (!board || (void *)(packet + 1) > (void *)(long)context->data_end || ethernet->h_proto != SWAPPED16(ETH_P_IP))
        return TC_ACT_SHOT;
    board->left++;
    if (board->replies ? (packet->ip.saddr & 0xff) != 203 : ethernet->h_dest[1] != 0x01)
        return TC_ACT_SHOT;
    board->arrived++;
    if (board->verifies && (folded(sum_of_ip(&packet->ip)) != 0xffff || folded(sum_of_tcp(packet)) != 0xffff))
        board->malformed++;
    return board->answers ? answered(ethernet, packet, context->ifindex) : TC_ACT_SHOT;
}

/* What a packet costs that is taken in and thrown away at once: everything a balancer cannot save. */
PROGRAM(discard)(struct __sk_buff *context)
{
    struct board *board = the_board();
    if (board)
        board->left++;
    return TC_ACT_SHOT;
}

/* The kernel lets frames come in only on a device whose receive queue was set up for XDP: this one sets it up. */
PROGRAM(pass)(struct xdp_md *context)
{
    return XDP_PASS;
}
