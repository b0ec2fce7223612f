#include <tmcp.h>
#include <tmcp.h>

int
main(void)
{
	return (tmcp_version_number() == TMCP_VERSION_NUMBER ? 0 : 1);
}
