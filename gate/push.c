#include "gate/push.h"

#include <stdio.h>

int push_main(void)
{
	fprintf(stderr, "this gate serves fetches only\n");
	return 1;
}
