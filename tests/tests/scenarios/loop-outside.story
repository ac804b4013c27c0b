story Loop through an API destination: two calls each 30 s
rule changes-to-saas
  takes lambda UpdateFunctionConfiguration20150331v2, TagResource20170331v2
  sends to api-destination saas

at 0s every 30s, 120 times saas-role/worker: lambda UpdateFunctionConfiguration20150331v2 on web layers=agent
at 2s every 30s, 120 times saas-role/worker: lambda TagResource20170331v2 on web agent=on

expect changes-to-saas suspect
