#pragma once
/* The step "check head" of request_steps: all that can be refused before anybody asks who it is. */
#include "api/request.h"

enum step_result request_check_head(struct task *task);
