namespace AdaLora.Glue;

/// <summary>The methods by the names they have on the command line.</summary>
internal static class TrainingMethods
{
    private static readonly (TrainingMethod Method, string Name)[] All =
    [
        (TrainingMethod.AdaLora, "adalora"),
        (TrainingMethod.Lora, "lora"),
        (TrainingMethod.SvdLora, "svd-lora"),
        (TrainingMethod.Full, "full"),
        (TrainingMethod.Frozen, "frozen"),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    public static string NameOf(TrainingMethod method) => All.Single(entry => entry.Method == method).Name;

    /// <exception cref="UserInputException">There is no such method.</exception>
    public static TrainingMethod Find(string name)
    {
        var index = Array.FindIndex(All, entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? All[index].Method : throw new UserInputException($"There is no method '{name}'. Use one of: {string.Join(", ", Names)}.");
    }

    /// <summary>The learning rate to begin with: adapters and heads start from nothing and take large steps, whole models small ones.</summary>
    public static double DefaultLearningRate(TrainingMethod method) => method == TrainingMethod.Full ? 5e-5 : 1e-3;
}
