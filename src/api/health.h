#pragma once
/* Health checks, and OPTIONS. */
#include "api/routes.h"

extern const struct step health_live_steps[], health_ready_steps[];
extern const struct route options_route;
