namespace AdaLora.Experiments.Tasks;

/// <summary>An option of a run whose values are of one type. What it means is known to whoever declares it.</summary>
internal interface IOption<T>
{
    /// <summary>As it is typed, such as "--batch-size".</summary>
    string Name { get; }
}
