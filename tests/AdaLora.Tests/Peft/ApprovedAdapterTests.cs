using System.Text;
using AdaLora.Injection;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Peft;

/// <summary>
/// Everything that is written, field by field and tensor by tensor, against an approved listing: what PEFT reads must not change unnoticed. On a difference, look at what the
/// test wrote next to the listing and, if it is intended, let it replace the listing.
/// </summary>
public sealed class ApprovedAdapterTests
{
    [Fact]
    public void An_adapter_is_written_as_approved()
    {
        using var trained = new TrainedTiny(3);
        using var folder = new TemporaryFolder();
        trained.Adapted.Save(folder.Path);
        Approve("adalora", Describe(folder.Path));
    }

    [Fact]
    public void An_export_is_written_as_approved()
    {
        using var trained = new TrainedTiny(3);
        using var folder = new TemporaryFolder();
        trained.Adapted.ExportLora(folder.Path);
        Approve("lora", Describe(folder.Path));
    }

    [Fact]
    public void An_adapter_with_a_pattern_and_biases_is_written_as_approved()
    {
        var options = new AdaLoraOptions
        {
            InitialRank = 3,
            TargetRank = 1,
            Overrides = ModuleOverrides.None.With("first", initialRank: 2, alpha: 40).With("second", initialRank: 0),
            Biases = BiasTraining.All,
        };
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, options);
        using var folder = new TemporaryFolder();
        adapted.Save(folder.Path);
        Approve("adalora-pattern", Describe(folder.Path));
    }

    private static string Describe(string folder)
    {
        var text = new StringBuilder();
        text.Append(File.ReadAllText(Path.Combine(folder, "adapter_config.json"))).Append("\n\n");
        using var file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
        foreach (var (key, value) in file.Metadata)
            text.Append($"metadata {key} = {value}\n");
        foreach (var entry in file.Entries.Values.OrderBy(e => e.Name, StringComparer.Ordinal))
            text.Append($"{entry.Name}  {entry.Dtype}  ({string.Join(", ", entry.Shape)})\n");
        return text.ToString();
    }

    private static void Approve(string name, string actual)
    {
        var approved = Path.Combine(TestMaterial.RepositoryRoot, "tests", "AdaLora.Tests", "Peft", "Approved", name + ".txt");
        var expected = File.Exists(approved) ? File.ReadAllText(approved) : "";
        var received = approved + ".received";
        if (expected == actual)
        {
            File.Delete(received);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(approved)!);
        File.WriteAllText(received, actual);
        Assert.Equal(expected, actual);
    }
}
