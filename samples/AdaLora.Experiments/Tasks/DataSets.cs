namespace AdaLora.Experiments.Tasks;

/// <summary>Which data sets of a task are needed.</summary>
[Flags]
internal enum DataSets
{
    None = 0,
    Training = 1,
    Dev = 2,
}
