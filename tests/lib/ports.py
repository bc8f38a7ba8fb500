"""A port for a server that cannot say which one it got, or that goes and comes back."""
import random
import socket


def fixed_port(host="127.0.0.1"):
    """Outside of the range from which the kernel takes the ports of clients: nobody else gets it
    meanwhile, and no client that waits for the server is connected with itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(max(1024, first // 2), first)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((host, port))
                return port
            except OSError:  # taken
                continue
