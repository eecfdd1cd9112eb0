#include <stdio.h>

int
main(void)
{
	puts("caisson " CAISSON_VERSION);
	return 0;
}
