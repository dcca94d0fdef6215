/*
 * A program that is executed and then never says a word: in the place of one that is stuck.
 */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
