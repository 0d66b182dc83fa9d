/* A module with nothing in it. With -DSLOT it declares that it is safe without the GIL, as NumPy's do. */
#include <Python.h>

static PyModuleDef_Slot slots[] = {
#ifdef SLOT
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "empty", .m_slots = slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
