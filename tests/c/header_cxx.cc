#include <tmcp.h>

int
main()
{
	enum tmcp_event_type type = TMCP_EVENT_TYPE_DONE;
	struct tmcp_options options = {};

	options.size = sizeof options;
	return (type == 1 && options.size != 0 &&
	    tmcp_version_number() == TMCP_VERSION_NUMBER ? 0 : 1);
}
