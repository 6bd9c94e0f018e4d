#include "cli/import.h"
void
weir_imp_gateway(imp_t *imp)
{
    (void) imp;
}
