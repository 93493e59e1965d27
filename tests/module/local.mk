# The built module through C_GetFunctionList.
