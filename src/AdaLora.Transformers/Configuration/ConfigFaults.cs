namespace AdaLora.Transformers.Configuration;

/// <summary>Collects what is wrong with a configuration, so that all of it can be reported at once.</summary>
internal sealed class ConfigFaults
{
    private readonly List<string> _faults = [];

    public IReadOnlyList<string> List => _faults;

    public void Require(bool condition, string fault)
    {
        if (!condition)
            _faults.Add(fault);
    }

    public void RequirePositive(string name, int value) => Require(value > 0, $"{name} is {value}; it must be above 0");

    public void RequireProbability(string name, double value) => Require(value is >= 0 and < 1, $"{name} is {value}; it must be at least 0 and below 1");

    public void RequireActivation(string name) => Require(Activation.IsKnown(name), $"activation '{name}' is unknown (known: {Activation.AllNames})");
}
