using System.Diagnostics;
using AdaLora.Adapters;
using AdaLora.Benchmarks;
using AdaLora.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>The versions in use, and whether TorchSharp and this libtorch work together.</summary>
internal sealed class VersionsCheck : ICheck
{
    public string Name => "versions";

    public string Title => "Versions, card, and whether TorchSharp and libtorch fit";

    public double LeastSeconds => 0;

    public void Run(CheckContext context)
    {
        context.Note($"{MachineDescription.Create()}");
        context.Note($"TorchSharp {typeof(torch).Assembly.GetName().Version}, libtorch from {ExternalLibTorch.Folder ?? "the program's own folder"}");
        Tell(context, "nvidia-smi", "--query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm", "--format=csv,noheader");
        if (context.IsOnCard)
        {
            Tell(context, context.Options.Python, "-c", "import torch; print('PyTorch', torch.__version__, 'CUDA', torch.version.cuda, 'cuDNN', torch.backends.cudnn.version())");
            context.Note($"{TorchDevices.Describe(context.Device)}; {TorchDevices.MemoryOf(context.Device)?.UsedBytes >> 20} MiB in use");
        }

        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Int64, ScalarType.Bool])
            CheckLayout(context, type);
        CheckFunction(context);
    }

    private static void CheckLayout(CheckContext context, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var made = tensor([1f, 0f, 3f, 0f, 5f, 6f], device: context.Device).view(2, 3).to(type).t();
        context.Require(made.dtype == type && made.device_type == context.Device.type, $"A tensor of {type} on {context.Device} reports {made.dtype} on {made.device}.");
        context.Require(made.shape.SequenceEqual([3, 2])
            && made.stride().SequenceEqual([1, 3]), $"A tensor of 3 x 2 with strides 1 and 3 reports {string.Join(" x ", made.shape)} with {string.Join(" and ", made.stride())}.");
        var expected = type == ScalarType.Bool ? (float[])[1, 0, 0, 1, 1, 1] : [1, 0, 0, 5, 3, 6];
        context.Require(made.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray().SequenceEqual(expected), $"Values of {type} come back changed.");
    }

    // A function whose backward pass is written in C#, against single operations.
    private static void CheckFunction(CheckContext context)
    {
        using var scope = NewDisposeScope();
        var (input, weight, left, right) = (Drawn(4, 6), Drawn(5, 6), Drawn(5, 2), Drawn(2, 6));
        foreach (var tensor in (Tensor[])[input, left, right])
            _ = tensor.requires_grad_();
        var one = AdaptedLinear.Apply(input, weight, null, left, null, right, 0.5);
        one.square().sum().backward();
        var gradients = ((Tensor[])[input, left, right]).Select(tensor => tensor.grad!.clone()).ToList();
        foreach (var tensor in (Tensor[])[input, left, right])
            tensor.grad!.zero_();
        var half = tensor(0.5f, device: context.Device);
        var other = input.mm(weight.t()).add(input.mm(right.t()).mm(left.t()).mul(half));
        other.square().sum().backward();
        context.Require(one.allclose(other, 1e-4, 1e-5), $"A custom function computes something different from its parts.");
        foreach (var (gradient, tensor) in gradients.Zip((Tensor[])[input, left, right]))
            context.Require(gradient.allclose(tensor.grad!, 1e-4, 1e-5), $"The backward pass of a custom function returns gradients that differ from those of its parts.");

        Tensor Drawn(long rows, long columns) => randn([rows, columns], device: context.Device);
    }

    private static void Tell(CheckContext context, string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            context.Note($"{program}: {(process.ExitCode == 0 ? output : $"exit code {process.ExitCode}")}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            context.Note($"{program} is not available.");
        }
    }
}
