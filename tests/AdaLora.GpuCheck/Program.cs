using AdaLora.GpuCheck;

return CheckCommand.Create().Parse(args).Invoke();
