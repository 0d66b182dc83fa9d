/* An empty module. With -DSLOT it declares itself safe without the GIL. */
#include <Python.h>

static PyModuleDef_Slot slots[] = {
#ifdef SLOT
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, "empty", .m_slots = slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&module); }
