/*
 * swap A B: exchanges two names (renameat2(2)) over and over, as a process with a shared volume can
 * while another container is being made with it. Ends when its standard input does.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (argc != 3)
		return 2;
	for (unsigned long n = 0;; n++) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0)
			return 1;
		if (n % 64 == 0 && poll(&in, 1, 0) > 0)
			break;
	}
	return 0;
}
