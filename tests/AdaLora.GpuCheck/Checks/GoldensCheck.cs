using AdaLora.Tests.Goldens;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Tests.Heads;

namespace AdaLora.GpuCheck;

/// <summary>The tests that compare with numbers of other implementations, as they are, on the device.</summary>
internal sealed class GoldensCheck : ICheck
{
    private readonly IReadOnlyList<Lazy<Type>> _classes;

    private GoldensCheck(string name, string title, IReadOnlyList<Lazy<Type>> classes) => (Name, Title, _classes) = (name, title, classes);

    public string Name { get; }

    public string Title { get; }

    public double LeastSeconds => 5;

    public static GoldensCheck Core() => new(
        "goldens-core",
        "Numbers of PEFT and of the authors' code: allocator, layer, regulariser, ties, bad gradients, whole trainings",
        [Class<AllocatorGoldenTests>(), Class<LayerGoldenTests>(), Class<OrthogonalityGoldenTests>(), Class<TiesGoldenTests>(), Class<NonFiniteGoldenTests>(), Class<ToyGoldenTests>()]);

    public static GoldensCheck Models() => new(
        "goldens-models",
        "Numbers of transformers: every layer, logits, losses and all gradients of the encoders; adapters of PEFT on them",
        [Class<SequenceClassifierGoldenTests>(), Class<QuestionAnswererGoldenTests>(), Class<PeftAdapterGoldenTests>()]);

    public void Run(CheckContext context)
    {
        var rows = new List<CheckRow>();
        foreach (var type in _classes.Select(one => one.Value))
        {
            foreach (var method in GoldenMethods.Of(type))
            {
                var results = method.Cases(context.IsQuick ? 2 : int.MaxValue).Select(one => (one.Name, Failure: one.Run())).ToList();
                rows.Add(new CheckRow(method.Name, [results.Count(result => result.Failure is null), results.Count(result => result.Failure is not null)]));
                context.Require(results.Count > 0, $"{method.Name} has no cases.");
                foreach (var (name, failure) in results)
                    context.Require(failure is null, $"{method.Name} {name}: {failure}");
            }
        }

        context.Add(new CheckTable("Cases", ["as expected", "not"], rows));
    }

    private static Lazy<Type> Class<T>() => new(() => typeof(T));
}
