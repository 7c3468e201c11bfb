namespace AdaLora.Experiments.Tasks;

/// <summary>What the options of a run say, for tasks that have options of their own.</summary>
internal interface IOptionValues
{
    /// <summary>The value in force.</summary>
    T Get<T>(IOption<T> option);
}
