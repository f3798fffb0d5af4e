// What the workloads of any disk share: see disk-batch.c.
#pragma once
#include "../block.h"
#include "workload.h"

// Fills in skipped when the disk is missing, too small, or not marked as scratch.
bool disk_batch_usable(struct report *report);
