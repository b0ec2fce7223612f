#include <tmcp.h>

int
main(void)
{
	return (TMCP_RESULT_OK);
}
